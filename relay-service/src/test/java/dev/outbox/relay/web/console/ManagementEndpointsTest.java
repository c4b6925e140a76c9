package dev.outbox.relay.web.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.net.ConnectException;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.actuate.endpoint.web.WebEndpointsSupplier;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** What the relay tells over HTTP besides its console, and to whom. */
@WithLocalStack
@Tag("slow")
class ManagementEndpointsTest {

  private static final String NAME = "anna";
  private static final String PASSWORD = "correct horse battery";

  /** Those of Spring Boot, whether or not this application has them. */
  private static final List<String> TELLING =
      List.of(
          ("auditevents beans caches conditions configprops env flyway heapdump httpexchanges info"
                  + " integrationgraph liquibase logfile loggers mappings metrics quartz sbom"
                  + " scheduledtasks sessions shutdown startup threaddump")
              .split(" "));

  @AutoClose private OutboxDatabase database;
  private KafkaServer kafka;
  private ConfigurableApplicationContext application = new GenericApplicationContext();
  private Client client = new Client(0);

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
  }

  @AfterEach
  void stop() {
    application.close();
  }

  @Test
  void byDefaultOnlyThisMachineReachesHealthAndMetricsAndNothingElseIsThere() {
    start(Map.of());
    assertThat(exposed()).containsExactly("health", "prometheus");
    assertThat(client.get("/actuator/health").body()).contains("\"status\"");
    assertThat(client.get("/actuator/prometheus").body()).contains("outbox_relay_leading");
    for (String endpoint : TELLING) {
      assertThat(client.get("/actuator/" + endpoint).statusCode()).as(endpoint).isEqualTo(404);
      assertThat(client.send("POST", "/actuator/" + endpoint, "", Map.of()).statusCode())
          .as(endpoint)
          .isEqualTo(403);
    }
    // Another address of this machine, at which a server that listens everywhere would answer
    int port = application.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
    assertThatThrownBy(() -> new Socket("127.0.0.2", port).close())
        .isInstanceOf(ConnectException.class);
  }

  @Test
  void moreEndpointsAreForTheOperatorAlone() {
    start(
        Map.of("console.username", NAME, "console.password", PASSWORD),
        Map.of("management.endpoints.web.exposure.include", "*"));
    assertThat(exposed()).contains("beans", "env", "threaddump");
    for (String endpoint : exposed()) {
      boolean open = List.of("health", "prometheus").contains(endpoint);
      assertThat(client.get("/actuator/" + endpoint).statusCode())
          .as(endpoint)
          .isIn(open ? List.of(200, 503) : List.of(401));
    }
    assertThat(client.get("/actuator/env/java.version").statusCode()).isEqualTo(401);
    assertThat(client.send("GET", "/actuator/beans", "", Client.basic(NAME, PASSWORD)).statusCode())
        .isEqualTo(200);
    // Values are masked even then
    assertThat(client.send("GET", "/actuator/env", "", Client.basic(NAME, PASSWORD)).body())
        .doesNotContain(PASSWORD);
  }

  @Test
  void withoutAnOperatorMoreEndpointsAreForNobody() {
    start(Map.of(), Map.of("management.endpoints.web.exposure.include", "*"));
    for (String endpoint : exposed()) {
      boolean open = List.of("health", "prometheus").contains(endpoint);
      assertThat(client.get("/actuator/" + endpoint).statusCode())
          .as(endpoint)
          .isIn(open ? List.of(200, 503) : List.of(403));
    }
  }

  private TreeSet<String> exposed() {
    TreeSet<String> exposed = new TreeSet<>();
    application
        .getBean(WebEndpointsSupplier.class)
        .getEndpoints()
        .forEach(endpoint -> exposed.add(endpoint.getEndpointId().toString()));
    return exposed;
  }

  private void start(Map<String, String> more) {
    start(more, Map.of());
  }

  private void start(Map<String, String> more, Map<String, String> others) {
    Map<String, String> settings =
        new HashMap<>(TestSettings.properties(database, kafka.bootstrapServers(), more));
    settings.putAll(others);
    application = Applications.start(settings);
    client = Applications.client(application);
  }
}
