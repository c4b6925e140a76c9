package dev.outbox.idempotency.inbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Puts events into the dead-letter topic: the record first, acknowledged by Kafka, then the row, in
 * the transaction that also holds the event's marker. A crash between the two leaves a record
 * without a row, which nobody will apply, and the event comes again. Workers' threads.
 */
final class DeadLetterWriter implements AutoCloseable {

  /** What a producer needs of a consumer's settings to reach the same cluster. */
  private static final List<String> CONNECTION =
      List.of("bootstrap.servers", "client.dns.lookup", "security.", "sasl.", "ssl.");

  private final String consumer;
  private final String topic;
  private final DeadLetterRows rows;
  private final Producer<byte[], byte[]> kafka;

  DeadLetterWriter(RunnerSettings settings, String topic) {
    this.consumer = settings.consumer();
    this.topic = topic;
    this.rows = new DeadLetterRows(settings.consumer(), settings.table());
    this.kafka =
        new KafkaProducer<>(
            producerSettings(settings.kafka()),
            new ByteArraySerializer(),
            new ByteArraySerializer());
  }

  private static Map<String, Object> producerSettings(Map<String, Object> consumer) {
    Map<String, Object> result = new HashMap<>();
    consumer.forEach(
        (name, value) -> {
          if (CONNECTION.stream().anyMatch(name::startsWith)) {
            result.put(name, value);
          }
        });
    result.put(ProducerConfig.ACKS_CONFIG, "all");
    result.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    // A transaction waits for it, so it fails soon and is tried again by the runner.
    result.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000);
    result.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000);
    result.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 20_000);
    return result;
  }

  List<ReceivedEvent> held(Connection connection, List<ReceivedEvent> events) throws SQLException {
    return rows.held(connection, events);
  }

  void write(Connection connection, ReceivedEvent event, GivenUp why) throws Exception {
    rows.insert(connection, event, why, send(event.record(), why));
  }

  private RecordMetadata send(ConsumerRecord<byte[], byte[]> original, GivenUp why)
      throws Exception {
    try {
      return kafka
          .send(
              DeadLetterHeaders.record(
                  original, topic, partition(original), consumer, why, Clock.systemUTC().instant()))
          .get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(
          "The dead-letter topic %s did not take %s-%d@%d"
              .formatted(topic, original.topic(), original.partition(), original.offset()),
          e.getCause());
    }
  }

  /** A record with a key goes where its key belongs, others stay together by where they were. */
  private @Nullable Integer partition(ConsumerRecord<byte[], byte[]> original) {
    return original.key() != null ? null : original.partition() % kafka.partitionsFor(topic).size();
  }

  @Override
  public void close() {
    kafka.close();
  }
}
