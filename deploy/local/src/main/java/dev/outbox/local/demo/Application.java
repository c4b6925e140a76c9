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
import java.util.Map;

/** One of the services, as a process of its own from its jar. */
final class Application implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration LOOK_EVERY = Duration.ofMillis(50);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);
  private static final int LAST_LINES = 15;

  private final String name;
  private final Path log;
  private final int port;
  private final ChildProcess.JavaBuilder program;
  private volatile ChildProcess process;
  private volatile boolean beingRestarted;
  private volatile int kills;

  private Application(String name, Path log, int port, ChildProcess.JavaBuilder program) {
    this.name = name;
    this.log = log;
    this.port = port;
    this.program = program;
    this.process = program.start();
  }

  /**
   * Starts it and returns at once.
   *
   * @param heap the most that it may take, such as {@code 256m}
   * @param preferredPort taken when it is free
   * @param secrets environment variables, since others of this machine can read arguments
   */
  static Application start(
      String name,
      Path jar,
      Path log,
      String heap,
      int preferredPort,
      List<String> settings,
      Map<String, String> secrets) {
    int port = TcpPorts.freeOr(preferredPort);
    ChildProcess.JavaBuilder program =
        java(heap)
            .jar(jar)
            .arguments("--server.port=" + port)
            .arguments(settings.toArray(String[]::new))
            .output(log);
    secrets.forEach(program::environment);
    return new Application(name, log, port, program);
  }

  /** It starts sooner so, and two cores carry four of these. */
  static ChildProcess.JavaBuilder java(String heap) {
    return ChildProcess.java()
        .jvmArguments("-Xmx" + heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
  }

  String url() {
    return "http://localhost:" + port;
  }

  int port() {
    return port;
  }

  /** How often {@link #killAndRestart} has killed it. */
  int kills() {
    return kills;
  }

  /**
   * Kills it as {@code kill -9} does and starts it again on its port. Returns when its health is
   * up. For one thread at a time.
   */
  void killAndRestart(HttpClient http) {
    beingRestarted = true;
    try {
      process.sigkill();
      kills++;
      process = program.start();
    } finally {
      beingRestarted = false;
    }
    awaitHealthy(http);
  }

  /** Returns when its health is up. */
  void awaitHealthy(HttpClient http) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!answers(http, "/actuator/health")) {
      if (process.endedWithin(LOOK_EVERY)) {
        throw failure("has ended with exit code " + process.exitCode().orElseThrow());
      }
      if (System.nanoTime() > deadline) {
        throw failure("is not healthy after %d s".formatted(PATIENCE.toSeconds()));
      }
    }
  }

  /**
   * @throws DemoException if the process has ended by itself
   */
  void requireAlive() {
    ChildProcess seen = process;
    // Asked in this order: after a restart on purpose there is another process, or will be.
    if (!seen.isAlive() && !beingRestarted && seen == process) {
      throw failure("has ended with exit code " + seen.exitCode().orElseThrow());
    }
  }

  /** Whether it lives, although it may have nothing to work with. */
  boolean isAlive(HttpClient http) {
    return answers(http, "/actuator/health/liveness");
  }

  private boolean answers(HttpClient http, String path) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url() + path)).timeout(ANSWER_WITHIN).build();
    try {
      return http.send(request, BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoException("Interrupted while waiting for the %s".formatted(name), e);
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
    try (ChildProcess ending = process) {
      ending.terminate();
    }
  }
}
