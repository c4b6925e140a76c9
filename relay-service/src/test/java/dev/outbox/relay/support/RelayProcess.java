package dev.outbox.relay.support;

import static dev.outbox.local.Patience.PATIENCE;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.TcpPorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The relay as users run it: from its launcher, in a process of its own. The jar by itself starts
 * too slowly to be started hundreds of times.
 */
public final class RelayProcess implements AutoCloseable {

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final Path LAUNCHER = Path.of("..", "deploy", "relay");

  private final ChildProcess process;
  private final int port;

  private RelayProcess(ChildProcess process, int port) {
    this.process = process;
    this.port = port;
  }

  /** Starts a command with these settings; none is {@code run}. */
  public static RelayProcess start(
      Map<String, String> properties, List<String> jvmArguments, String... command) {
    try {
      return start(
          Files.createTempFile(Path.of("target"), "relay", ".log"),
          properties,
          jvmArguments,
          command);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same with its output in this file; what it holds already stays. */
  public static RelayProcess start(
      Path log, Map<String, String> properties, List<String> jvmArguments, String... command) {
    int port = TcpPorts.free();
    List<String> program = new ArrayList<>(List.of("bash", LAUNCHER.toString()));
    program.addAll(List.of(command));
    program.add("--server.port=" + port);
    properties.forEach((key, value) -> program.add("--" + key + "=" + value));
    return new RelayProcess(
        ChildProcess.start(
            program, Map.of("RELAY_JAVA_OPTIONS", String.join(" ", jvmArguments)), "TERM", log),
        port);
  }

  /** A relay that runs. */
  public static RelayProcess run(Map<String, String> properties) {
    return start(properties, List.of());
  }

  public ChildProcess process() {
    return process;
  }

  /** Where it is reached. */
  public String url() {
    return "http://localhost:" + port;
  }

  /** The body of a GET; empty while nothing answers. */
  public String get(String path) {
    try {
      return HTTP.send(
              HttpRequest.newBuilder(URI.create(url() + path))
                  // A process that is stopped (SIGSTOP) accepts and stays silent.
                  .timeout(ANSWER_WITHIN)
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  /** Returns when this instance leads. */
  public void awaitLeading() {
    await().atMost(PATIENCE).until(() -> get("/actuator/health").contains("\"state\":\"Leading\""));
  }

  @Override
  public void close() {
    process.close();
  }
}
