package dev.outbox.relay.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.position.InFlightEvents;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class RelayMetricsTest {

  private final RelayMetrics metrics = new RelayMetrics(new SimpleMeterRegistry());

  @Test
  void theLastPublishedIsTheLastOfTheLogWhateverTheOrderOfAcknowledgements() {
    metrics.published(event("a", 1));
    metrics.published(event("c", 3));
    metrics.published(event("b", 2));
    assertThat(metrics.lastPublished()).contains("c");
    assertThat(metrics.publishedSoFar()).isEqualTo(3);
  }

  @Test
  void aNewRunKnowsNothingOfWhatOthersPublishedMeanwhile() {
    metrics.published(event("a", 1));
    metrics.observe(new InFlightEvents<>(1_000, 0), () -> 0);
    assertThat(metrics.lastPublished()).isEmpty();
  }

  private static OutboxEvent event(String id, long transaction) {
    return new OutboxEvent(
        id,
        "Order",
        "1",
        "Placed",
        null,
        null,
        Instant.now(),
        new SourcePosition(1, transaction, 0));
  }
}
