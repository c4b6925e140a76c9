package dev.outbox.relay.deployment;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.deployment.Monitoring.Alert;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/**
 * The relay with the settings and secrets that the chart mounts, on real servers: it answers the
 * probes where they ask, and emits every metric that rules and dashboard name.
 */
@WithLocalStack
@Tag("slow")
class DeployedRelayIT {

  private static final String PREFIX = "outbox.relay.";
  private static final String PASSWORD = "outbox.relay.database.password";

  @AutoClose private OutboxDatabase database;
  private Map<String, String> settings;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer kafka) {
    database = OutboxDatabase.create(postgres);
    settings = TestSettings.properties(database, kafka.bootstrapServers(), Map.of());
  }

  @Test
  void probesAreAnsweredAndEveryMetricThatIsAskedForExists(@TempDir Path folder)
      throws IOException {
    // Given what the chart makes of the settings, the password in a file
    String password = Objects.requireNonNull(settings.remove(PASSWORD));
    Manifests manifests =
        Manifests.read(new Chart(Chart.RELAY).render(values(folder.resolve("values.yaml"))));
    MountedFiles files = new MountedFiles(folder);
    files.configuration(manifests.the(ConfigMap.class));
    files.secret(PASSWORD, password + "\n");
    Container container =
        KubernetesTest.relayOf(manifests.the(Deployment.class).getSpec().getTemplate().getSpec());
    // When the relay starts with it, and with the container's JVM options
    try (RelayProcess relay =
        RelayProcess.start(
            files.properties(container), List.of(javaOptions(container).split(" ")))) {
      // Then it answers every probe, and becomes ready
      for (Probe probe :
          List.of(
              container.getStartupProbe(),
              container.getLivenessProbe(),
              container.getReadinessProbe())) {
        await()
            .atMost(PATIENCE)
            .until(() -> relay.get(probe.getHttpGet().getPath()).contains("\"status\":\"UP\""));
      }
      relay.awaitLeading();
      // And where it is scraped there is every metric that somebody asks for
      ServiceMonitor monitor = manifests.the(ServiceMonitor.class);
      Set<String> emitted = metrics(relay.get(monitor.getSpec().getEndpoints().get(0).getPath()));
      Map<String, String> queries = new LinkedHashMap<>(Monitoring.dashboardQueries());
      Monitoring.alerts().forEach((Alert alert) -> queries.put(alert.name(), alert.query()));
      List<String> missing = new ArrayList<>();
      queries.forEach(
          (name, query) -> {
            Set<String> metrics = PromQl.metrics(query);
            assertThat(metrics).as(name).isNotEmpty();
            metrics.stream()
                .filter(metric -> !emitted.contains(metric))
                .forEach(metric -> missing.add(name + ": " + metric));
          });
      assertThat(missing).isEmpty();
    }
  }

  private Path values(Path file) throws IOException {
    Map<String, Object> relay = new LinkedHashMap<>();
    Map<String, Object> byGroup = new LinkedHashMap<>();
    settings.forEach(
        (key, value) -> {
          String name = key.substring(PREFIX.length());
          int dot = name.indexOf('.');
          if (dot < 0) {
            relay.put(name, value);
          } else {
            @SuppressWarnings("unchecked")
            Map<String, Object> group =
                (Map<String, Object>)
                    byGroup.computeIfAbsent(name.substring(0, dot), any -> new LinkedHashMap<>());
            group.put(name.substring(dot + 1), value);
          }
        });
    relay.putAll(byGroup);
    // JSON is YAML.
    return Files.writeString(
        file,
        JsonMapper.builder()
            .build()
            .writeValueAsString(
                Map.of(
                    "settings",
                    relay,
                    "existingSecrets",
                    List.of("database"),
                    "monitor",
                    Map.of("enabled", true))));
  }

  private static Set<String> metrics(String scraped) {
    return scraped
        .lines()
        .filter(line -> !line.startsWith("#") && !line.isBlank())
        .map(line -> line.split("[{ ]", 2)[0])
        .collect(Collectors.toSet());
  }

  private static String javaOptions(Container container) {
    return container.getEnv().stream()
        .filter(variable -> variable.getName().equals("JAVA_TOOL_OPTIONS"))
        .map(EnvVar::getValue)
        .findFirst()
        .orElseThrow();
  }
}
