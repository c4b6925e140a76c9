package dev.outbox.relay.web.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ConnectException;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.actuate.endpoint.web.WebEndpointsSupplier;

/** What the relay tells over HTTP besides its console, and to whom. */
@Tag("slow")
class ManagementEndpointsTest extends ApplicationTestBase {

  /** Those of Spring Boot, whether or not this application has them. */
  private static final List<String> TELLING =
      List.of(
          ("auditevents beans caches conditions configprops env flyway heapdump httpexchanges info"
                  + " integrationgraph liquibase logfile loggers mappings metrics quartz sbom"
                  + " scheduledtasks sessions shutdown startup threaddump")
              .split(" "));

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
    start(OPERATOR, Map.of("management.endpoints.web.exposure.include", "*"));
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
}
