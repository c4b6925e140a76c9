package dev.outbox.idempotency.inbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Records with positions as the relay writes them; text is {@code epoch-transaction-index}. */
final class Positions {

  private Positions() {}

  static String at(int epoch, long transaction, int index) {
    return new OutboxPosition(epoch, transaction, index).asText();
  }

  /** The first epoch, one event for each transaction. */
  static String at(long transaction) {
    return at(1, transaction, 0);
  }

  static RecordPosition record(int partition, String position) {
    return new RecordPosition("orders", partition, "relay", position, false);
  }

  static List<RecordPosition> records(String... positions) {
    return Arrays.stream(positions).map(position -> record(0, position)).toList();
  }

  /** An event that takes effect under its position as id. */
  static ProducerRecord<byte[], byte[]> event(TestTopic topic, int partition, String position) {
    ProducerRecord<byte[], byte[]> event = topic.event(position, "key " + partition);
    ProducerRecord<byte[], byte[]> placed =
        new ProducerRecord<>(event.topic(), partition, event.key(), event.value(), event.headers());
    placed.headers().add("outbox-position", position.getBytes(UTF_8));
    return placed;
  }

  static void publish(TestTopic topic, int partition, String... positions) {
    send(topic, partition, positions);
    topic.producer().flush();
  }

  static void send(TestTopic topic, int partition, String... positions) {
    for (String position : positions) {
      topic.producer().send(event(topic, partition, position));
    }
  }
}
