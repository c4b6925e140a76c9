package dev.outbox.relay.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.documents.GeneratedTables;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MetricsReferenceTest {

  private static final Pattern HELP = Pattern.compile("(?m)^# HELP (outbox_relay_\\w+) (.+)$");

  @Test
  void theDocumentsHaveTheMetricsOfTheCode() {
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new RelayMetrics(registry);
    String table =
        HELP.matcher(registry.scrape())
            .results()
            .map(metric -> "| `%s` | %s |\n".formatted(metric.group(1), metric.group(2)))
            .collect(Collectors.joining("", "| metric | |\n|---|---|\n", ""));
    // Each meter has its line, so each has a description.
    assertThat(table.lines()).hasSize(registry.getMeters().size() + 2);
    assertThat(new GeneratedTables("metrics").problems(name -> Optional.of(table))).isEmpty();
  }
}
