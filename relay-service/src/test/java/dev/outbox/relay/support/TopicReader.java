package dev.outbox.relay.support;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Reads topics from their beginning, and keeps everything. For one thread. */
public final class TopicReader implements AutoCloseable {

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final String prefix;
  private final List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();

  /** All topics whose names begin like this, also those that come later. */
  public TopicReader(String bootstrapServers, String prefix) {
    this.prefix = prefix;
    consumer = consumer(bootstrapServers, new ByteArrayDeserializer());
  }

  /** A consumer of one topic that reads from its beginning; the topic is made where it may be. */
  public static KafkaConsumer<byte[], String> consumer(String bootstrapServers, String topic) {
    KafkaConsumer<byte[], String> consumer = consumer(bootstrapServers, new StringDeserializer());
    List<TopicPartition> partitions =
        await()
            .atMost(PATIENCE)
            .pollInSameThread()
            .until(
                () ->
                    consumer.partitionsFor(topic).stream()
                        .map(partition -> new TopicPartition(topic, partition.partition()))
                        .toList(),
                found -> !found.isEmpty());
    consumer.assign(partitions);
    return consumer;
  }

  private static <V> KafkaConsumer<byte[], V> consumer(
      String bootstrapServers, Deserializer<V> values) {
    // No group: its offsets would be forgotten in a broker's restart, and records read again.
    return new KafkaConsumer<>(
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers,
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false",
            ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed"),
        new ByteArrayDeserializer(),
        values);
  }

  /** Reads what there is now, and returns all records so far. */
  public List<ConsumerRecord<byte[], byte[]>> poll() {
    List<TopicPartition> partitions =
        consumer.listTopics().entrySet().stream()
            .filter(topic -> topic.getKey().startsWith(prefix))
            .flatMap(topic -> topic.getValue().stream())
            .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
            .toList();
    if (!partitions.isEmpty()) {
      consumer.assign(partitions);
      consumer.poll(Duration.ofMillis(100)).forEach(records::add);
    }
    return records;
  }

  /** Event IDs so far, in the order read; within a partition that is the topic's order. */
  public List<String> ids() {
    return poll().stream().map(record -> header(record, "id")).toList();
  }

  /** Event IDs by key, in order. */
  public Map<String, List<String>> idsByKey() {
    Map<String, List<String>> byKey = new LinkedHashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : poll()) {
      byKey
          .computeIfAbsent(new String(record.key(), UTF_8), key -> new ArrayList<>())
          .add(header(record, "id"));
    }
    return byKey;
  }

  public static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    if (header == null) {
      throw new AssertionError("no header " + name + " in " + record);
    }
    return new String(header.value(), UTF_8);
  }

  @Override
  public void close() {
    consumer.close();
  }
}
