package dev.outbox.idempotency.inbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What makes two records the same event: its id, a business key, or its place. */
@Tag("slow")
class EventKeysTest extends RunnerTestBase {

  EventKeysTest(PostgresServer postgres, KafkaServer kafka) throws SQLException {
    super(postgres, kafka, 1);
  }

  @Test
  void twoEventsWithOneBusinessKeyTakeEffectOnce() throws SQLException {
    // Given: the payment service was asked twice and tells of one payment with two events
    publishPayment("e1", "payment 7");
    publishPayment("e2", "payment 7");
    publishPayment("e3", "payment 8");

    // When
    InboxRunner runner =
        started(runner().keys(EventKeys.header("payment-captured", "payment-number")));
    awaitReceived(runner, 3);

    // Then
    assertThat(Effects.in(database)).containsExactly("e1", "e3");
    assertThat(database.query("select source || '/' || event_id from inbox_event order by 1"))
        .containsExactly("payment-captured/payment 7", "payment-captured/payment 8");
  }

  @Test
  void recordsOfAPublisherThatGivesNoIdTakeEffectOnceByTheirPlace() throws SQLException {
    // Given: applied, and the offsets are lost
    topic.producer().send(topic.record("k", "one"));
    topic.producer().send(topic.record("k", "one"));
    InboxRunner first = started(runner().keys(EventKeys.offset()));
    awaitReceived(first, 2);
    first.stop();

    // When
    InboxRunner again =
        started(
            runner()
                .keys(EventKeys.offset())
                .kafka(
                    topic.consumerSettings("group.id", "a group without offsets " + topic.name())));
    awaitReceived(again, 2);

    // Then
    assertThat(again.counts().repeats()).isEqualTo(2);
    assertThat(Effects.in(database)).containsExactly("0@0", "0@1");
  }

  @Test
  void theSameKeysServeWhoeverCallsTheInboxDirectly() throws SQLException {
    // Given
    Inbox inbox = Inbox.forConsumer("shipping");
    EventKey place = EventKeys.offset().of(new ConsumerRecord<>("orders", 3, 42, null, "v"));

    // When
    boolean first = deliver(inbox, place);
    boolean second = deliver(inbox, EventKey.atOffset("orders", 3, 42));
    boolean otherPartition = deliver(inbox, EventKey.atOffset("orders", 4, 42));

    // Then
    assertThat(first).isTrue();
    assertThat(second).isFalse();
    assertThat(otherPartition).isTrue();
  }

  @Test
  void aRecordsKeyIsABusinessKeyAsTextAndAsBytes() {
    // Given
    EventKeys keys = EventKeys.recordKey("order-closed");

    // Then
    assertThat(keys.of(new ConsumerRecord<>("t", 0, 0, "order 7", "v")))
        .isEqualTo(keys.of(new ConsumerRecord<>("t", 0, 1, "order 7".getBytes(UTF_8), "v")))
        .isEqualTo(new EventKey("order-closed", "order 7"));
  }

  @Test
  void aRecordWithoutTheBusinessKeyIsRefusedByName() {
    // Given
    Map<EventKeys, String> refusals =
        Map.of(
            EventKeys.header("paid", "payment-number"), "it has no business key 'paid'",
            EventKeys.recordKey("closed"), "it has no business key 'closed'",
            EventKeys.businessKey("blank", record -> " "), "id is blank");

    // Then
    refusals.forEach(
        (keys, message) ->
            assertThatThrownBy(() -> keys.of(new ConsumerRecord<>("t", 0, 0, null, "secret")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message));
  }

  private boolean deliver(Inbox inbox, EventKey key) throws SQLException {
    try (Connection connection = database.begin()) {
      boolean applied = inbox.process(connection, key, () -> Effects.insert(connection, key.id()));
      connection.commit();
      return applied;
    }
  }

  private void publishPayment(String id, String payment) {
    ProducerRecord<byte[], byte[]> event = topic.event(id, "k");
    event.headers().add("payment-number", payment.getBytes(UTF_8));
    topic.producer().send(event);
  }
}
