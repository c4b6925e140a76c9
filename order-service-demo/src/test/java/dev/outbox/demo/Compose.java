package dev.outbox.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.TcpPorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** {@code deploy/docker/compose.yaml}, as a project of its own with ports of its own. */
final class Compose implements AutoCloseable {

  /** Docker's own way to run compose files, or else the program that Debian has. */
  private static final List<List<String>> PROGRAMS =
      List.of(List.of("docker", "compose"), List.of("docker-compose"));

  private static final Path FILE = Path.of("../deploy/docker/compose.yaml");

  /** An archive of classes that does not fit ends the JVM, instead of a start without it. */
  private static final String OF_THIS_TEST =
      """
      services:
        order-service:
          environment:
            JAVA_TOOL_OPTIONS: -Xshare:on
        relay:
          environment:
            JAVA_TOOL_OPTIONS: -Xshare:on
      """;

  private static final Duration PATIENCE = Duration.ofMinutes(8);

  private final Path directory;
  private final String password = UUID.randomUUID().toString();
  private final int orderServicePort = TcpPorts.free();

  /** Keeps apart what runs at the same time. */
  private final String project = "outbox-it-" + orderServicePort;

  private final String orderServiceImage = project + "/order-service";
  private final String relayImage = project + "/relay";
  private final Map<String, String> environment = new HashMap<>();
  private final List<String> program = new ArrayList<>();

  /**
   * @param directory for files of this project
   */
  Compose(Path directory) throws IOException {
    this.directory = directory;
    Path passwordFile = Files.writeString(directory.resolve("password"), password);
    Path further = Files.writeString(directory.resolve("further.yaml"), OF_THIS_TEST);
    environment.put("DATABASE_PASSWORD_FILE", passwordFile.toString());
    environment.put("ORDER_SERVICE_PORT", "" + orderServicePort);
    environment.put("RELAY_PORT", "" + TcpPorts.free());
    environment.put("ORDER_SERVICE_IMAGE", orderServiceImage);
    environment.put("RELAY_IMAGE", relayImage);
    program.addAll(
        PROGRAMS.stream()
            .filter(it -> exitCode(with(it, "version")) == 0)
            .findFirst()
            .orElseThrow(
                () ->
                    new AssertionError(
                        "Neither 'docker compose' nor docker-compose is here; on Debian install"
                            + " docker-compose.")));
    program.addAll(List.of("-p", project, "-f", FILE.toString(), "-f", "" + further));
  }

  String password() {
    return password;
  }

  String orderServiceUrl() {
    return "http://127.0.0.1:" + orderServicePort;
  }

  /** Runs a command of compose that must succeed, and gives its output. */
  String run(String... arguments) {
    return output(with(program, arguments));
  }

  /** Runs a command of Docker that must succeed, and gives its output. */
  String docker(String... arguments) {
    return output(with(List.of("docker"), arguments));
  }

  /** The exit code of a command of Docker. */
  int dockerExitCode(String... arguments) {
    return exitCode(with(List.of("docker"), arguments));
  }

  /** The id of a service's container, which may have ended. */
  String container(String service) {
    return docker(
        "ps",
        "--all",
        "--quiet",
        "--filter",
        "label=com.docker.compose.project=" + project,
        "--filter",
        "label=com.docker.compose.service=" + service);
  }

  /** What {@code docker inspect} says of a service's container. */
  String inspect(String service, String format) {
    return docker("inspect", "--format", format, container(service));
  }

  /** Removes containers, volumes and images. */
  @Override
  public void close() {
    run("down", "--volumes", "--remove-orphans");
    docker("image", "rm", "--force", relayImage, orderServiceImage);
  }

  private static List<String> with(List<String> program, String... arguments) {
    List<String> command = new ArrayList<>(program);
    command.addAll(List.of(arguments));
    return command;
  }

  private String output(List<String> command) {
    try (ChildProcess process = start(command)) {
      assertThat(process.awaitExit(PATIENCE)).as("%s%n%s", command, process.output()).isZero();
      return process.output().strip();
    }
  }

  private int exitCode(List<String> command) {
    try (ChildProcess process = start(command)) {
      return process.awaitExit(PATIENCE);
    } catch (UncheckedIOException notInstalled) {
      return -1;
    }
  }

  private ChildProcess start(List<String> command) {
    return ChildProcess.start(
        command, environment, "TERM", directory.resolve(UUID.randomUUID() + ".log"));
  }
}
