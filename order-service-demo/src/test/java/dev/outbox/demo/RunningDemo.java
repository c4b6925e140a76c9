package dev.outbox.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.TcpPorts;
import dev.outbox.local.demo.Demo;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** What {@code deploy/demo} runs, with the jars of this build, seen as its user sees it. */
public final class RunningDemo implements AutoCloseable {

  public static final Path ORDER_SERVICE_JAR = Path.of("target/order-service-demo.jar");
  static final String RELAY = "relay-service.jar";

  /** Its class comes so late in the command line that the system cuts it off. */
  static final String BROKER = "broker-logback.xml";

  private static final Path RELAY_JAR = Path.of("../relay-service/target").resolve(RELAY);

  private final HttpClient http = HttpClient.newHttpClient();
  private final Path temporary;
  private final ChildProcess process;
  private final Set<Long> processes = new TreeSet<>();

  private RunningDemo(Path temporary, ChildProcess process) {
    this.temporary = temporary;
    this.process = process;
  }

  /**
   * Starts it and returns at once.
   *
   * @param temporary where it keeps everything, so that what it leaves behind is seen
   */
  public static RunningDemo start(Path temporary, Path orderServiceJar, String... options)
      throws IOException {
    // PostgreSQL may have to run as another user.
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new RunningDemo(
        temporary,
        ChildProcess.java()
            .jvmArguments("-Djava.io.tmpdir=" + temporary)
            .mainClass(Demo.class.getName())
            .arguments("--no-browser")
            // Other tests run it at the same time, and a port is free until somebody listens.
            .arguments("--port", String.valueOf(TcpPorts.free()))
            .arguments("--relay-port", String.valueOf(TcpPorts.free()))
            .arguments("--relay-jar", RELAY_JAR.toString())
            .arguments("--order-service-jar", orderServiceJar.toString())
            .arguments(options)
            .start());
  }

  public ChildProcess process() {
    return process;
  }

  String output() {
    return process.output();
  }

  /** Waits for this text, and remembers the processes that there are then. */
  public void awaitText(String text) {
    process.awaitOutput(Pattern.compile(Pattern.quote(text)), PATIENCE);
    rememberProcesses();
  }

  void rememberProcesses() {
    descendants().map(ProcessHandle::pid).forEach(processes::add);
  }

  /** The one process of the demonstration whose command line has this in it. */
  ProcessHandle processOf(String program) {
    return find(program).orElseThrow(() -> new AssertionError("No process of " + program));
  }

  boolean hasProcessOf(String program) {
    return find(program).isPresent();
  }

  private Optional<ProcessHandle> find(String program) {
    return descendants()
        .filter(process -> process.info().commandLine().orElse("").contains(program))
        .findAny();
  }

  /** What the terminal says, the first group of it. */
  public String says(String regex) {
    MatchResult said = process.awaitOutput(regex, PATIENCE);
    return said.group(1);
  }

  /** The first column of what its database answers. */
  public List<String> ask(String sql) throws SQLException {
    String url = "jdbc:postgresql://" + says("PostgreSQL +(localhost:[0-9]+)") + "/orders";
    List<String> rows = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
        Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery(sql)) {
      while (found.next()) {
        rows.add(found.getString(1));
      }
    }
    return rows;
  }

  /** Carries it out as the page does. */
  CompletableFuture<HttpResponse<String>> harm(String name) {
    return http.sendAsync(
        withToken(name).POST(HttpRequest.BodyPublishers.noBody()).build(), BodyHandlers.ofString());
  }

  HttpRequest.Builder withToken(String path) {
    return control(path).header("Authorization", "Bearer " + says("Bearer ([^']+)'"));
  }

  HttpRequest.Builder control(String path) {
    return HttpRequest.newBuilder(
            URI.create(says("(http://127\\.0\\.0\\.1:[0-9]+)/kill-relay") + "/" + path))
        .timeout(PATIENCE);
  }

  void assertNothingIsLeft() throws IOException {
    assertNoProcessIsLeft();
    try (Stream<Path> files = Files.list(temporary)) {
      List<String> left =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.startsWith("outbox-"))
              // PostgreSQL's programs, unpacked once per user.
              .filter(name -> !name.startsWith("outbox-local-"))
              .toList();
      assertThat(left).isEmpty();
    }
  }

  void assertNoProcessIsLeft() {
    // At least two servers and two services, so that an empty set does not pass.
    assertThat(processes).hasSizeGreaterThanOrEqualTo(4);
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () ->
                assertThat(processes)
                    .noneMatch(
                        pid ->
                            ProcessHandle.of(pid)
                                .filter(process -> process.info().command().isPresent())
                                .isPresent()));
  }

  private Stream<ProcessHandle> descendants() {
    return ProcessHandle.of(process.pid()).stream().flatMap(ProcessHandle::descendants);
  }

  @Override
  public void close() {
    process.close();
  }
}
