package dev.outbox.idempotency.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.SQLException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("slow")
class InboxMetricsTest extends RunnerTestBase {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  InboxMetricsTest(PostgresServer postgres, KafkaServer kafka) throws SQLException {
    super(postgres, kafka, 1);
  }

  @Test
  void everyFigureIsAMeterWithTheConsumersName() {
    // Given
    topic.publish("e1", "e2", "e1", "poison");
    kafka.createTopic(topic.name() + ".dead", 1);

    // When
    InboxRunner runner =
        started(
            runner()
                .attempts(1)
                .onFailure(FailurePolicy.skip(topic.name() + ".dead"))
                .handler(
                    (connection, event) -> {
                      if (event.id().equals("poison")) {
                        throw new SQLException("no", "23514");
                      }
                      Effects.insert(connection, event);
                    }));
    new InboxMetrics(runner).bindTo(registry);
    awaitReceived(runner, 4);

    // Then
    assertThat(counter(InboxMetrics.APPLIED)).isEqualTo(2);
    assertThat(counter(InboxMetrics.REPEATS)).isEqualTo(1);
    assertThat(counter(InboxMetrics.DEAD_LETTERED)).isEqualTo(1);
    assertThat(counter(InboxMetrics.FAILED_ATTEMPTS)).isPositive();
    awaitTrue(() -> gauge(InboxMetrics.LAG) == 0);
    assertThat(gauge(InboxMetrics.RUNNING)).isEqualTo(1);
  }

  @Test
  void lagCountsWhatIsFetchedAndNotYetSettled() throws Exception {
    // Given
    topic.publish("e1", "e2", "e3");
    HeldHandler held = new HeldHandler();

    // When
    InboxRunner runner =
        started(runner().kafka(topic.consumerSettings("max.poll.records", 2)).handler(held));
    new InboxMetrics(runner).bindTo(registry);
    held.awaitEntered();

    // Then
    awaitTrue(() -> gauge(InboxMetrics.LAG) == 3);
    held.release();
    awaitTrue(() -> gauge(InboxMetrics.LAG) == 0);
    assertThat(runner.counts().applied()).isEqualTo(3);
  }

  private double counter(String name) {
    return registry.get(name).tag("consumer", topic.consumer()).functionCounter().count();
  }

  private double gauge(String name) {
    return registry.get(name).tag("consumer", topic.consumer()).gauge().value();
  }
}
