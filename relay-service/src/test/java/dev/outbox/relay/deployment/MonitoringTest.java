package dev.outbox.relay.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.outbox.relay.deployment.Monitoring.Alert;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Rules and dashboard by themselves; whether their metrics exist, {@link DeployedRelayIT} asks. */
class MonitoringTest {

  private static final Path DOCUMENTS = Path.of("..").toAbsolutePath().normalize();
  private static final String REQUIREMENT = "OUTBOX_TESTS_PROMTOOL";
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?)\\s*$");

  @Test
  void everyAlertHasARunbookThatIsThere() {
    assertThat(Monitoring.alerts()).hasSizeGreaterThanOrEqualTo(7);
    for (Alert alert : Monitoring.alerts()) {
      String[] address = alert.runbook().split("#", 2);
      assertThat(address).as(alert.name()).hasSize(2);
      assertThat(anchors(DOCUMENTS.resolve(address[0]))).as(alert.name()).contains(address[1]);
    }
  }

  @Test
  void everyAlertIsSeenToFireAndToKeepSilentByAUnitTest() {
    Set<String> fired = new TreeSet<>();
    Set<String> silent = new TreeSet<>();
    for (JsonNode test : Monitoring.yaml(Monitoring.RULE_TESTS).path("tests")) {
      for (JsonNode expectation : test.path("alert_rule_test")) {
        (expectation.path("exp_alerts").isEmpty() ? silent : fired)
            .add(expectation.path("alertname").asString());
      }
    }
    Set<String> alerts = Monitoring.alerts().stream().map(Alert::name).collect(Collectors.toSet());
    assertThat(fired).containsExactlyInAnyOrderElementsOf(alerts);
    assertThat(silent).containsExactlyInAnyOrderElementsOf(alerts);
  }

  @Test
  void theRulesDoOnSeriesWhatTheirTestsSay() throws Exception {
    promtool(List.of("check", "rules", Monitoring.RULES.toString()));
    promtool(List.of("test", "rules", Monitoring.RULE_TESTS.toString()));
  }

  @Test
  void prometheusUnderstandsEveryQueryOfTheDashboard(@TempDir Path folder) throws Exception {
    Map<String, String> queries = Monitoring.dashboardQueries();
    assertThat(queries).hasSizeGreaterThan(20);
    List<Map<String, String>> rules = new ArrayList<>();
    for (String query : queries.values()) {
      rules.add(
          Map.of(
              "record", "query:" + rules.size(), "expr", query.replace("$__rate_interval", "5m")));
    }
    Path file = folder.resolve("queries.yaml");
    // JSON is YAML.
    Files.writeString(
        file,
        new ObjectMapper()
            .writeValueAsString(
                Map.of("groups", List.of(Map.of("name", "dashboard", "rules", rules)))));
    promtool(List.of("check", "rules", file.toString()));
  }

  @Test
  void theChartBringsTheSameRulesAndTheSameDashboard() {
    Manifests manifests = Manifests.read(new Chart(Chart.RELAY).render(Chart.ORDERS));
    JsonNode rules = Monitoring.yaml(Monitoring.RULES).path("groups");
    String address = "https://git.example.com/outbox-relay/blob/main/";
    String rendered =
        new ObjectMapper()
            .valueToTree(manifests.the(PrometheusRule.class).getSpec().getGroups())
            .toString();
    assertThat(rendered).contains(address + "docs/operations.md#");
    assertThat(Monitoring.json(rendered.replace(address, ""))).isEqualTo(rules);
    ConfigMap dashboard =
        manifests.all(ConfigMap.class).stream()
            .filter(map -> map.getMetadata().getName().endsWith("-dashboard"))
            .findFirst()
            .orElseThrow();
    assertThat(
            Monitoring.json(Objects.requireNonNull(dashboard.getData().get("outbox-relay.json"))))
        .isEqualTo(Monitoring.dashboard());
  }

  @Test
  void panelsOfTheDashboardDoNotHideEachOther() {
    Set<String> cells = new TreeSet<>();
    Set<Integer> ids = new TreeSet<>();
    for (JsonNode panel : Monitoring.dashboard().path("panels")) {
      assertThat(ids.add(panel.path("id").asInt())).as("id of %s", panel.path("title")).isTrue();
      JsonNode place = panel.path("gridPos");
      for (int x = place.path("x").asInt();
          x < place.path("x").asInt() + place.path("w").asInt();
          x++) {
        assertThat(x).isLessThan(24);
        for (int y = place.path("y").asInt();
            y < place.path("y").asInt() + place.path("h").asInt();
            y++) {
          assertThat(cells.add(x + "," + y)).as("%s at %d,%d", panel.path("title"), x, y).isTrue();
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          sum by (job) (rate(a_total{job="b"}[5m])) > 1     | a_total
          max(a and b == 1) unless c or absent(d offset 1h) | a b c d
          a * on (x, y) group_left (z) b                    | a b
          label_replace(a, "x", "$1", "y", "(c)")           | a
          predict_linear(a[1h], 4 * 3600) < 0               | a
          """)
  void metricsAreFoundInAQuery(String query, String metrics) {
    assertThat(PromQl.metrics(query)).containsExactlyInAnyOrder(metrics.split(" "));
  }

  private static void promtool(List<String> arguments) throws IOException, InterruptedException {
    Optional<Path> program =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
            .map(folder -> Path.of(folder, "promtool"))
            .filter(Files::isExecutable)
            .findFirst();
    assumeTrue(
        program.isPresent() || "required".equals(System.getenv(REQUIREMENT)),
        "No promtool on the PATH, so the queries were not tried. Remedy: install Debian's package"
            + " prometheus, or put Prometheus' promtool on the PATH.");
    List<String> command = new ArrayList<>(List.of(program.map(Path::toString).orElse("promtool")));
    command.addAll(arguments);
    Path output = Files.createTempFile(Path.of("target"), "promtool", ".log");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(output)).isZero();
  }

  /** The addresses of a page's sections, as Git's hosts make them from their headings. */
  private static Set<String> anchors(Path page) {
    return HEADING
        .matcher(Monitoring.read(page))
        .results()
        .map(
            heading ->
                heading
                    .group(1)
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N} _-]", "")
                    .replace(' ', '-'))
        .collect(Collectors.toSet());
  }
}
