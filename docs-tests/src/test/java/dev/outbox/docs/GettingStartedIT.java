package dev.outbox.docs;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.TcpPorts;
import dev.outbox.local.WithLocalStack;
import dev.outbox.local.documents.CodeBlock;
import dev.outbox.local.documents.Documents;
import dev.outbox.local.documents.ShellCommands;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Does what {@code docs/getting-started.md} says, with its own files and commands. */
@Tag("slow")
@WithLocalStack
class GettingStartedIT {

  private static final Path DOCUMENT = Documents.root().resolve("docs/getting-started.md");
  private static final String RELAY = "relay-service/target/relay-service.jar";
  private static final Pattern FILE = Pattern.compile("(?m)^`([\\w./]+)`.*\\n\\n```\\w+\\n");

  @TempDir private Path shop;
  private final List<ChildProcess> processes = new ArrayList<>();
  private final List<CodeBlock> blocks = CodeBlock.in(DOCUMENT);
  private final int shopPort = TcpPorts.free();
  private final int relayPort = TcpPorts.free();
  private PostgresServer postgres;
  private KafkaServer kafka;
  private String database;

  @BeforeEach
  void prepare(PostgresServer server, KafkaServer broker) {
    postgres = server;
    kafka = broker;
    database = server.createDatabase("shop");
  }

  @AfterEach
  void stop() {
    processes.forEach(ChildProcess::close);
  }

  @Test
  void anOrderIsShippedOnceThoughItIsPublishedTwice() throws Exception {
    // Given the service and the relay of the document
    writeFiles();
    compile();
    ChildProcess service = start(service());
    service.awaitOutput("Started ShopApplication", PATIENCE);
    List<List<String>> relay = relayCommands();
    assertThat(relay).hasSize(5);
    run(relay.get(0));
    start(relay(relay.get(1))).awaitOutput("Leading", PATIENCE);
    // When
    assertThat(post(request()).statusCode()).isEqualTo(200);
    // Then
    service.awaitOutput("Shipping Order\\[id=.*, product=tea] of event ", PATIENCE);
    assertThat(run(relay.get(2))).containsPattern("published +1\n").containsPattern("lost +0\n");
    // When it is published again, and another order behind it has been shipped
    run(relay.get(3));
    assertThat(run(relay.get(4))).containsPattern("replayed +1\n");
    post(request().replace("tea", "coffee"));
    service.awaitOutput("product=coffee", PATIENCE);
    // Then
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(shipments()).hasSize(2));
    assertThat(shipments()).containsExactlyInAnyOrder("tea", "coffee");
    assertThat(service.output().split("product=tea", -1)).hasSize(2);
  }

  private void writeFiles() throws IOException {
    String text = Documents.read(DOCUMENT);
    int written = 0;
    for (MatchResult file : FILE.matcher(text).results().toList()) {
      Path path = shop.resolve(file.group(1));
      Files.createDirectories(path.getParent());
      Files.writeString(path, here(text.substring(file.end(), text.indexOf("```", file.end()))));
      written++;
    }
    assertThat(written).isEqualTo(4);
  }

  /** With the servers and ports of this test in place of the document's. */
  private String here(String text) {
    return text.replace("localhost:5432/postgres", postgresAddress())
        .replace("localhost:9092", kafka.bootstrapServers())
        .replace("localhost:8080", "localhost:" + shopPort);
  }

  private String postgresAddress() {
    return postgres.jdbcUrl(database).replace("jdbc:postgresql://", "");
  }

  private void compile() {
    int result =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-parameters",
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                shop.resolve("classes").toString(),
                shop.resolve("src/main/java/shop/ShopApplication.java").toString());
    assertThat(result).isZero();
  }

  private ChildProcess.JavaBuilder service() {
    // Without this module's own classes and settings, which a service does not have.
    String libraries =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .filter(entry -> !entry.contains("docs-tests"))
            .collect(Collectors.joining(File.pathSeparator));
    String classPath =
        String.join(
            File.pathSeparator,
            shop.resolve("classes").toString(),
            shop.resolve("src/main/resources").toString(),
            libraries);
    return ChildProcess.java()
        .mainClass("shop.ShopApplication", classPath)
        .arguments("--server.port=" + shopPort);
  }

  /** The arguments of the relay's commands, in the order of the document. */
  private List<List<String>> relayCommands() {
    return commands().stream()
        .filter(command -> command.contains(RELAY))
        .map(command -> command.subList(command.indexOf(RELAY) + 1, command.size()))
        .toList();
  }

  private List<List<String>> commands() {
    return blocks.stream()
        .filter(CodeBlock::isShell)
        .flatMap(block -> ShellCommands.in(block.script()).stream())
        .toList();
  }

  private ChildProcess.JavaBuilder relay(List<String> arguments) {
    ChildProcess.JavaBuilder relay = ChildProcess.java().jar(Documents.root().resolve(RELAY));
    for (List<String> command : commands()) {
      if (command.get(0).equals("export")) {
        String[] variable = here(command.get(1)).split("=", 2);
        relay.environment(variable[0], variable[1]);
      }
    }
    // The one setting that the document leaves out: several tests use this machine.
    return relay
        .environment("SERVER_PORT", String.valueOf(relayPort))
        .arguments(arguments.toArray(String[]::new));
  }

  private ChildProcess start(ChildProcess.JavaBuilder program) {
    ChildProcess process = program.start();
    processes.add(process);
    return process;
  }

  private String run(List<String> arguments) {
    ChildProcess command = start(relay(arguments));
    assertThat(command.awaitExit(PATIENCE)).as(command.output()).isZero();
    return command.output();
  }

  /** The address that the document's curl posts to. */
  private String request() {
    return commands().stream()
        .filter(command -> command.get(0).equals("curl"))
        .map(command -> here(command.get(command.size() - 1)))
        .findFirst()
        .orElseThrow();
  }

  private static HttpResponse<String> post(String address)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(address)).POST(BodyPublishers.noBody()).build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
  }

  private List<String> shipments() throws SQLException {
    List<String> products = new ArrayList<>();
    try (Connection connection = postgres.connect(database);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select product from shipment")) {
      while (rows.next()) {
        products.add(rows.getString(1));
      }
    }
    return products;
  }
}
