package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.TcpPorts;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Secrets that are like nothing else, given by file and environment to relays that tell everything
 * they can: at level DEBUG, of themselves and of what they are built on, while they work and while
 * they fail. None of them is told.
 */
@WithLocalStack
@Tag("slow")
class PlantedSecretsIT {

  /** Part of every secret. */
  private static final String PLANTED = "pl4nted";

  private static final String DATABASE_PASSWORD = "database-pl4nted";
  private static final String OPERATOR = "anna";
  private static final String OPERATORS_PASSWORD = "console pl4nted +1";
  private static final String BASIC =
      Base64.getEncoder().encodeToString((OPERATOR + ":" + OPERATORS_PASSWORD).getBytes(UTF_8));

  private static final List<String> TALKATIVE =
      List.of(
          "root",
          "dev.outbox",
          "org.apache",
          "org.apache.kafka",
          "org.postgresql",
          "org.springframework",
          "io.debezium",
          "io.debezium.embedded.async",
          "io.debezium.connector.postgresql.PostgresConnector",
          "io.debezium.connector.postgresql.connection.PostgresConnection",
          "io.debezium.connector.postgresql.connection.PostgresReplicationConnection");

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir private Path folder;
  @AutoClose private OutboxDatabase database;
  private String role = "";
  private Map<String, String> settings = new LinkedHashMap<>();
  private final Map<String, String> environment = new LinkedHashMap<>();

  /** What was told, by where. */
  private final Map<String, String> told = new LinkedHashMap<>();

  @BeforeEach
  void plant(PostgresServer postgres, KafkaServer kafka) throws IOException {
    database = OutboxDatabase.create(postgres);
    role = "planted_" + database.slot();
    database.execute(
        "create role %s login superuser password '%s'".formatted(role, DATABASE_PASSWORD));
    settings = TestSettings.properties(database, kafka.bootstrapServers(), Map.of());
    settings.put("outbox.relay.database.username", role);
    settings.remove("outbox.relay.database.password");
    settings.remove("outbox.relay.database.url");
    Files.writeString(folder.resolve("outbox.relay.database.password"), DATABASE_PASSWORD + "\n");
    environment.put("SPRING_CONFIG_IMPORT", "configtree:" + folder + "/");
    environment.put("OUTBOX_RELAY_DATABASE_URL", database.url() + "?sslpassword=url-pl4nted");
    environment.put("OUTBOX_RELAY_CONSOLE_USERNAME", OPERATOR);
    environment.put("OUTBOX_RELAY_CONSOLE_PASSWORD", OPERATORS_PASSWORD);
    environment.put("OUTBOX_RELAY_KAFKA_PROPERTIES_SSL_KEYSTORE_PASSWORD", "store-pl4nted");
    environment.put("OUTBOX_RELAY_KAFKA_PROPERTIES_SSL_KEY_PASSWORD", "key-pl4nted");
    environment.put("OUTBOX_RELAY_KAFKA_PROPERTIES_SSL_TRUSTSTORE_PASSWORD", "trust-pl4nted");
    environment.put(
        "OUTBOX_RELAY_KAFKA_PROPERTIES_SASL_JAAS_CONFIG",
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
            + " username=\"relay\" password=\"jaas-pl4nted\";");
  }

  @AfterEach
  void dropRole() {
    database.execute("reassign owned by %1$s to postgres; drop owned by %1$s".formatted(role));
    database.execute("drop role " + role);
  }

  @Test
  void aRelayThatWorksAndFailsTellsNoSecret() {
    int port = TcpPorts.free();
    ChildProcess relay = start("run", "--server.port=" + port);
    try (relay) {
      await().atMost(PATIENCE).until(() -> relay.output().contains("Leading: relaying events"));
      database.insert("Order", "1", "{}");
      lookAround("working", port);
      // The operator acts
      send(port, "POST", "/console/api/audit", "{\"reason\":\"a test\"}", BASIC);
      send(port, "POST", "/console/api/replay", "{\"from\":\"1h\",\"reason\":\"a test\"}", BASIC);
      send(port, "POST", "/console/api/audit", "{}", BASIC + "wrong");
      send(port, "POST", "/console/api/session", "username=anna&password=console+pl4nted+%2B1", "");
      // The database does not know the password any more
      database.execute("alter role %s password 'another'".formatted(role));
      database.execute(
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = '%s'"
              .formatted(role));
      await().atMost(PATIENCE).until(() -> relay.output().contains("refuses role"));
      lookAround("failing", port);
      tellOfProcess(relay);
    } finally {
      told.put("log", relay.output());
    }
    assertThat(told.get("log")).contains(" DEBUG ").contains("Connecting with URL");
    assertNothingTold();
  }

  @Test
  void commandsAndRelaysThatCannotStartTellNoSecret() {
    for (List<String> arguments :
        List.of(
            List.of("init"),
            List.of("status", "--json"),
            List.of("audit", "--json"),
            List.of("parked", "list"))) {
      runToItsEnd(arguments.toArray(String[]::new));
    }
    // What is wrong with it is told, and what is secret in it is not
    environment.put(
        "OUTBOX_RELAY_DATABASE_URL", "jdbc:postgresql://a,b/orders?sslpassword=url-pl4nted");
    assertThat(runToItsEnd("run")).contains("names several hosts");
    environment.put("OUTBOX_RELAY_DATABASE_URL", "jdbc:postgresql://h:port/o?sslpassword=pl4nted");
    assertThat(runToItsEnd("status", "--json")).contains("not a PostgreSQL JDBC URL");
    environment.put("OUTBOX_RELAY_DATABASE_URL", "jdbc:postgresql://u:pl4nted@host/orders");
    assertThat(runToItsEnd("status")).contains("carries user or password");
    environment.put("OUTBOX_RELAY_DATABASE_URL", database.url());
    environment.put("OUTBOX_RELAY_DATABASE_PASWORD", "pl4nted");
    environment.put("OUTBOX_RELAY_CONSOLE_PASSWORD", "pl4nted");
    assertThat(runToItsEnd("status")).contains("shorter than 12 characters");
    assertNothingTold();
  }

  @Test
  void aRelayWhoseLoginToKafkaCannotWorkTellsNoSecret() throws IOException {
    Path store = Files.writeString(folder.resolve("store.p12"), "no store at all");
    environment.put("OUTBOX_RELAY_KAFKA_PROPERTIES_SSL_KEYSTORE_LOCATION", store.toString());
    environment.put("OUTBOX_RELAY_KAFKA_PROPERTIES_SECURITY_PROTOCOL", "SASL_SSL");
    environment.put("OUTBOX_RELAY_KAFKA_PROPERTIES_SASL_MECHANISM", "SCRAM-SHA-512");
    int port = TcpPorts.free();
    ChildProcess relay = start("run", "--server.port=" + port);
    try (relay) {
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  relay.output().contains("A Kafka client cannot be made")
                      && relay.output().contains("Tomcat started on port"));
      lookAround("without Kafka", port);
    } finally {
      told.put("log", relay.output());
    }
    assertNothingTold();
  }

  private void lookAround(String when, int port) {
    for (String path :
        List.of(
            "/",
            "/actuator",
            "/actuator/health",
            "/actuator/health/readiness",
            "/actuator/prometheus",
            "/console/api/status",
            "/console/api/settings",
            "/console/api/parked",
            "/console/api/tasks",
            "/console/api/errors",
            "/console/api/session")) {
      told.put(when + " " + path, send(port, "GET", path, "", ""));
      told.put(when + " operator " + path, send(port, "GET", path, "", BASIC));
    }
    assertThat(told.get(when + " /console/api/settings"))
        .contains("outbox.relay.database.password");
  }

  private static String send(int port, String method, String path, String body, String basic) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
            .header(
                "Content-Type",
                body.startsWith("{") ? "application/json" : "application/x-www-form-urlencoded")
            .method(method, HttpRequest.BodyPublishers.ofString(body));
    if (!basic.isEmpty()) {
      request.header("Authorization", "Basic " + basic);
    }
    try {
      var answer = HTTP.send(request.build(), BodyHandlers.ofString());
      return answer.headers().map() + " " + answer.body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private String runToItsEnd(String... command) {
    try (ChildProcess process = start(command)) {
      tellOfProcess(process);
      process.awaitExit(PATIENCE);
      told.put(String.join(" ", command) + " " + told.size(), process.output());
      return process.output();
    }
  }

  /** What everybody on this machine can read of it and of what it has started. */
  private void tellOfProcess(ChildProcess process) {
    ProcessHandle.of(process.pid()).stream()
        .flatMap(handle -> Stream.concat(Stream.of(handle), handle.descendants()))
        .forEach(
            handle -> {
              try {
                told.put(
                    "command line of " + handle.pid(),
                    Files.readString(Path.of("/proc", "" + handle.pid(), "cmdline")));
              } catch (IOException e) {
                told.put("command line of " + handle.pid(), "it has ended: " + e);
              }
            });
  }

  private void assertNothingTold() {
    assertThat(told).hasSizeGreaterThan(1);
    told.forEach(
        (where, text) -> {
          List<String> lines =
              text.lines().filter(line -> line.contains(PLANTED) || line.contains(BASIC)).toList();
          assertThat(lines).as(where).isEmpty();
        });
  }

  private ChildProcess start(String... command) {
    List<String> program =
        new ArrayList<>(List.of("bash", Path.of("..", "deploy", "relay").toString()));
    program.addAll(List.of(command));
    settings.forEach((key, value) -> program.add("--" + key + "=" + value));
    TALKATIVE.forEach(logger -> program.add("--logging.level." + logger + "=debug"));
    return ChildProcess.start(
        program, environment, "TERM", folder.resolve("log-" + System.nanoTime()));
  }
}
