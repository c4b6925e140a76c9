package dev.outbox.benchmarks;

import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * When the events of a backlog arrived at their topic, by the broker's clock.
 *
 * @param events different events
 * @param repeats records beyond the first of each event
 * @param inversions records that stand behind a younger one of their key, repeats left out
 * @param first time of the first record, in milliseconds since 1970
 * @param half time at which half of the records were there
 * @param last time of the last record
 */
record Arrival(int events, int repeats, int inversions, long first, long half, long last) {

  private static final Duration SILENCE = Duration.ofSeconds(2);

  /**
   * Counts records without reading them; in transactions there are some more offsets than records.
   */
  static final class Counter implements AutoCloseable {
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final List<TopicPartition> partitions;

    Counter(Stack stack, String topic) {
      consumer = consumer(stack);
      partitions = partitionsOf(consumer, topic);
    }

    long count() {
      return consumer.endOffsets(partitions).values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public void close() {
      consumer.close();
    }
  }

  /** Takes the records in as a topic has them; a backlog of ten million needs less than 200 MB. */
  static final class Collector {
    private final BitSet seen = new BitSet();
    private final int[] youngest;
    private final long[] times;
    private int events;
    private int repeats;
    private int inversions;

    Collector(Workload backlog) {
      youngest = new int[backlog.keys()];
      times = new long[backlog.events()];
    }

    /**
     * @param event its number in the backlog, from 1 on
     * @param key number of its aggregate, from 0 on
     * @param time when the broker got it
     */
    void add(int event, int key, long time) {
      if (seen.get(event)) {
        repeats++;
        return;
      }
      seen.set(event);
      times[events++] = time;
      if (youngest[key] > event) {
        inversions++;
      }
      youngest[key] = event;
    }

    Arrival arrival() {
      long[] sorted = Arrays.copyOf(times, events);
      Arrays.sort(sorted);
      return new Arrival(
          events, repeats, inversions, sorted[0], sorted[events / 2], sorted[events - 1]);
    }
  }

  /** Reads the whole topic. */
  static Arrival read(Stack stack, String topic, Workload backlog) {
    Collector collector = new Collector(backlog);
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(stack)) {
      List<TopicPartition> partitions = partitionsOf(consumer, topic);
      consumer.assign(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (!ends.entrySet().stream()
          .allMatch(end -> consumer.position(end.getKey()) >= end.getValue())) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(SILENCE)) {
          collector.add(
              number(record.value()),
              number(record.key(), Workload.KEY_PREFIX.length()),
              record.timestamp());
        }
      }
    }
    return collector.arrival();
  }

  /** Events a second between the first half's end and the last event. */
  double steadyRate() {
    return events / 2.0 / Math.max(1, last - half) * 1000;
  }

  /** The number that a payload begins with. */
  static int number(byte[] payload) {
    return number(payload, 0);
  }

  /** The number in decimal digits that begins there. */
  static int number(byte[] text, int begin) {
    int number = 0;
    for (int i = begin; i < text.length && text[i] >= '0' && text[i] <= '9'; i++) {
      number = number * 10 + text[i] - '0';
    }
    return number;
  }

  static List<TopicPartition> partitionsOf(KafkaConsumer<byte[], byte[]> consumer, String topic) {
    return consumer.partitionsFor(topic).stream()
        .map(partition -> new TopicPartition(topic, partition.partition()))
        .toList();
  }

  static KafkaConsumer<byte[], byte[]> consumer(Stack stack) {
    return new KafkaConsumer<>(
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, stack.brokers(),
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
            ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false"),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer());
  }
}
