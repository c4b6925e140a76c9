package dev.outbox.local.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** A consumer of every topic of the relay, beside the one of the order service. For one thread. */
final class TopicWatch implements AutoCloseable {

  static final String ORDER_TOPIC = "outbox.event.Order";
  private static final Pattern TOPICS = Pattern.compile("outbox\\.event\\..*");
  private static final Duration POLL = Duration.ofMillis(200);

  private final String bootstrapServers;
  private final KafkaConsumer<String, byte[]> consumer;
  private final Map<TopicPartition, Long> next = new HashMap<>();

  TopicWatch(String bootstrapServers) {
    this.bootstrapServers = bootstrapServers;
    this.consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers", bootstrapServers,
                "group.id", "demo-watch",
                // Goes on where it was when a new topic leads to a new assignment.
                "enable.auto.commit", "true",
                "auto.offset.reset", "earliest",
                // How soon a topic is seen that the reader's own events bring into being.
                "metadata.max.age.ms", "1000"),
            new StringDeserializer(),
            new ByteArrayDeserializer());
    consumer.subscribe(TOPICS);
  }

  /**
   * A record as it stands on the topic.
   *
   * @param appendedAt by the broker's clock: the topics take the time of the append
   */
  record Published(String eventId, Instant appendedAt, ConsumerRecord<String, byte[]> record) {

    String type() {
      return header(record, "ce_type").orElse("");
    }

    /** Where it stands, for people. */
    String place() {
      return place(record.partition(), record.offset());
    }

    static String place(int partition, long offset) {
      return "partition %d @ %d".formatted(partition, offset);
    }

    String aggregateId() {
      return Optional.ofNullable(record.key()).orElse("");
    }
  }

  /**
   * What has come since the last call; waits a little when there is nothing. No place is told
   * twice, although the consumer goes back a little when the broker was away.
   */
  List<Published> poll() {
    List<Published> published = new ArrayList<>();
    for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
      TopicPartition partition = new TopicPartition(record.topic(), record.partition());
      if (record.offset() >= next.getOrDefault(partition, 0L)) {
        next.put(partition, record.offset() + 1);
        published.add(
            new Published(
                header(record, "id").orElse(""), Instant.ofEpochMilli(record.timestamp()), record));
      }
    }
    return published;
  }

  /** Puts the same record on its topic once more, as a relay does after a crash. */
  RecordMetadata repeat(Published published) {
    ConsumerRecord<String, byte[]> record = published.record();
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers),
            new StringSerializer(),
            new ByteArraySerializer())) {
      return producer
          .send(
              new ProducerRecord<>(
                  record.topic(),
                  record.partition(),
                  record.key(),
                  record.value(),
                  record.headers()))
          .get();
    } catch (ExecutionException e) {
      throw new DemoException("Kafka does not take the repeated event: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Whether a consumer group is through with a record, and with what it had to do for it. */
  boolean awaitConsumed(String group, RecordMetadata record, Duration limit) {
    TopicPartition partition = new TopicPartition(record.topic(), record.partition());
    long deadline = System.nanoTime() + limit.toNanos();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
      while (System.nanoTime() < deadline) {
        OffsetAndMetadata committed =
            admin
                .listConsumerGroupOffsets(group)
                .partitionsToOffsetAndMetadata()
                .get()
                .get(partition);
        if (committed != null && committed.offset() > record.offset()) {
          return true;
        }
      }
      return false;
    } catch (ExecutionException e) {
      throw new DemoException("Kafka does not tell the offsets of group " + group, e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static DemoException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new DemoException("Interrupted while waiting for Kafka", e);
  }

  private static Optional<String> header(ConsumerRecord<?, ?> record, String name) {
    return Optional.ofNullable(record.headers().lastHeader(name))
        .map(header -> new String(header.value(), UTF_8));
  }

  @Override
  public void close() {
    consumer.close();
  }
}
