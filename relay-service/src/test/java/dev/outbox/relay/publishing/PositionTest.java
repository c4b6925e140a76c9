package dev.outbox.relay.publishing;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.Installation;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.routing.RoutedRecord;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.TransactionState;
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

  @Test
  void aRunThatEndsEarlyLeavesNoTransactionOpen(PostgresServer postgres, KafkaServer kafka)
      throws Exception {
    try (OutboxDatabase database = OutboxDatabase.create(postgres);
        Admin admin =
            Admin.create(
                Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers()))) {
      RelaySettings settings =
          TestSettings.of(database, kafka.bootstrapServers(), Map.of("delivery", "exactly-once"));
      new Installation(settings).run(false);
      // Given a record that has reached its topic, in a transaction that nobody has committed
      try (Publisher publisher = KafkaPublisher.open(settings, () -> false)) {
        assertThat(publisher.begin()).isEmpty();
        publish(publisher, database.slot() + ".Order");
        await().atMost(PATIENCE).until(() -> state(admin, settings) == TransactionState.ONGOING);
      }
      // Then it does not hide, until it times out, what others write behind it
      assertThat(state(admin, settings)).isNotEqualTo(TransactionState.ONGOING);
    }
  }

  @Test
  void aRecordOfSomebodyElsesIsNeitherReadNorPassedOver(
      PostgresServer postgres, KafkaServer kafka) {
    try (OutboxDatabase database = OutboxDatabase.create(postgres)) {
      RelaySettings settings =
          TestSettings.of(database, kafka.bootstrapServers(), Map.of("delivery", "exactly-once"));
      new Installation(settings).run(false);
      PositionTopic topic = new PositionTopic(settings);
      assertThat(topic.read()).isEmpty();
      try (Publisher publisher = KafkaPublisher.open(settings, () -> false)) {
        assertThat(publisher.begin()).isEmpty();
        publish(publisher, topic.topic());
        assertThat(publisher.commit(new SourcePosition(1, 100, 0), false)).isTrue();
      }
      assertThatThrownBy(topic::read)
          .isInstanceOf(RelayException.class)
          .hasMessageContaining("what no relay has written");
    }
  }

  private static TransactionState state(Admin admin, RelaySettings settings) throws Exception {
    String id = "outbox-relay-" + settings.name();
    return admin.describeTransactions(List.of(id)).description(id).get().state();
  }

  private static void commit(Publisher publisher, String topic, SourcePosition position) {
    publish(publisher, topic);
    assertThat(publisher.commit(position, false)).isTrue();
  }

  private static void publish(Publisher publisher, String topic) {
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
  }
}
