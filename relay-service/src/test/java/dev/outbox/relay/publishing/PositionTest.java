package dev.outbox.relay.publishing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.Installation;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.routing.RoutedRecord;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The position that exactly-once delivery keeps in Kafka. */
@WithLocalStack
class PositionTest {

  @Test
  void aCommandThatIsCarriedOutAgainDoesNotSetItBack(PostgresServer postgres, KafkaServer kafka) {
    try (OutboxDatabase database = OutboxDatabase.create(postgres)) {
      RelaySettings settings =
          TestSettings.of(database, kafka.bootstrapServers(), Map.of("delivery", "exactly-once"));
      new Installation(settings).run(false);
      String topic = database.slot() + ".Order";
      SourcePosition command = new SourcePosition(1, 100, 0);
      SourcePosition behind = new SourcePosition(1, 100, 7);
      try (Publisher publisher = KafkaPublisher.open(settings, () -> false)) {
        assertThat(publisher.begin()).isEmpty();
        commit(publisher, topic, behind);
        commit(publisher, topic, command);
      }
      try (Publisher publisher = KafkaPublisher.open(settings, () -> false)) {
        assertThat(publisher.begin()).contains(behind);
        commit(publisher, topic, command);
      }
      try (Publisher publisher = KafkaPublisher.open(settings, () -> false)) {
        assertThat(publisher.begin()).contains(behind);
      }
    }
  }

  private static void commit(Publisher publisher, String topic, SourcePosition position) {
    Handover handover =
        publisher.publish(
            new RoutedRecord(topic, "key".getBytes(UTF_8), null, List.of()),
            new Delivery() {
              @Override
              public void acknowledged() {}

              @Override
              public void failed(PublishFailure failure) {
                throw new AssertionError(failure);
              }
            });
    assertThat(handover).isInstanceOf(Handover.Taken.class);
    assertThat(publisher.commit(position)).isTrue();
  }
}
