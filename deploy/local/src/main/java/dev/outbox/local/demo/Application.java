package dev.outbox.local.demo;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.TcpPorts;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** One of the services, as a process of its own from its jar. */
final class Application implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final int LAST_LINES = 15;

  private final String name;
  private final Path log;
  private final int port;
  private final ChildProcess process;

  private Application(String name, Path log, int port, ChildProcess process) {
    this.name = name;
    this.log = log;
    this.port = port;
    this.process = process;
  }

  /**
   * Starts it and returns at once.
   *
   * @param preferredPort taken when it is free
   */
  static Application start(
      String name, Path jar, Path log, int preferredPort, List<String> settings) {
    int port = TcpPorts.freeOr(preferredPort);
    ChildProcess process =
        ChildProcess.java()
            // It starts sooner so, and two cores carry four of these.
            .jvmArguments("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
            .jar(jar)
            .arguments("--server.port=" + port)
            .arguments(settings.toArray(String[]::new))
            .output(log)
            .start();
    return new Application(name, log, port, process);
  }

  String url() {
    return "http://localhost:" + port;
  }

  /** Returns when its health is up. */
  void awaitHealthy(HttpClient http) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!healthy(http)) {
      if (process.endedWithin(LOOK_EVERY)) {
        throw failure("has ended with exit code " + process.exitCode().orElseThrow());
      }
      if (System.nanoTime() > deadline) {
        throw failure("is not healthy after %d s".formatted(PATIENCE.toSeconds()));
      }
    }
  }

  /**
   * @throws DemoException if the process has ended
   */
  void requireAlive() {
    if (!process.isAlive()) {
      throw failure("has ended with exit code " + process.exitCode().orElseThrow());
    }
  }

  private boolean healthy(HttpClient http) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url() + "/actuator/health"))
            .timeout(Duration.ofSeconds(10))
            .build();
    try {
      return http.send(request, BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoException("Interrupted while the %s started".formatted(name), e);
    }
  }

  private DemoException failure(String what) {
    List<String> lines = process.output().lines().toList();
    return new DemoException(
        "The %s %s. The last lines of %s:%n%n%s"
            .formatted(
                name,
                what,
                log,
                String.join(
                    System.lineSeparator(),
                    lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()))));
  }

  /** Asks it to end and waits. */
  @Override
  public void close() {
    try (process) {
      process.terminate();
    }
  }
}
