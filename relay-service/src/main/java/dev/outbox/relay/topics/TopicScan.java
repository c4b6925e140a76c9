package dev.outbox.relay.topics;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.KafkaFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads topics once, from a moment to what was their end when the reading began; only what is
 * committed. For one thread.
 */
public final class TopicScan implements AutoCloseable {

  private static final Duration POLL = Duration.ofMillis(500);

  /** Brokers abort a transaction that its producer left open, by default within a minute. */
  private static final Duration STALLED_AFTER = Duration.ofMinutes(2);

  private final RelaySettings settings;
  private final KafkaConsumer<byte[], byte[]> consumer;

  /** Nothing is read yet. */
  public TopicScan(RelaySettings settings) {
    this.settings = settings;
    this.consumer = consumer(IsolationLevel.READ_COMMITTED);
  }

  private KafkaConsumer<byte[], byte[]> consumer(IsolationLevel isolation) {
    // Values are passed by: nobody looks at them, and they would fill the heap.
    Deserializer<byte[]> nothing = (topic, data) -> new byte[0];
    return new KafkaConsumer<>(
        ConsumerSettings.of(settings, "audit", isolation), new ByteArrayDeserializer(), nothing);
  }

  /**
   * Those of the topics that exist.
   *
   * @throws RelayException when no broker answers
   */
  public Set<String> existing(Collection<String> topics) {
    return asking(
        () -> {
          Set<String> existing = new HashSet<>(consumer.listTopics().keySet());
          existing.retainAll(Set.copyOf(topics));
          return existing;
        });
  }

  /** Hears, at least twice a second while it is read, how far the reading is. */
  @FunctionalInterface
  public interface Progress {
    /**
     * @param done offsets that are read; a transaction's end takes one as a record does
     * @param of those that there are
     */
    void at(long done, long of);
  }

  /**
   * Hands over the records, within each partition in the order of their offsets.
   *
   * @param topics topics that exist
   * @param since records with an earlier timestamp may be left out
   * @param progress told from the same thread
   * @return how far back each topic reaches
   * @throws RelayException when no broker answers, or a transaction stays open too long
   */
  public Map<String, Reach> read(
      Set<String> topics, Instant since, Consumer<TopicRecord> visitor, Progress progress) {
    return asking(
        () -> {
          List<TopicPartition> partitions =
              topics.stream()
                  .flatMap(topic -> consumer.partitionsFor(topic).stream())
                  .map(info -> new TopicPartition(info.topic(), info.partition()))
                  .toList();
          Map<TopicPartition, Long> ends = ends(partitions);
          consumer.assign(partitions);
          Map<String, Reach> reach = seek(since, ends);
          readTo(ends, visitor, progress);
          return reach;
        });
  }

  /**
   * The ends of what has been written, committed or not: in the order in which a producer works,
   * what is acknowledged now lies before them, even if the end of its transaction is not written
   * yet.
   */
  private Map<TopicPartition, Long> ends(List<TopicPartition> partitions) {
    try (KafkaConsumer<byte[], byte[]> asking = consumer(IsolationLevel.READ_UNCOMMITTED)) {
      return Map.copyOf(asking.endOffsets(partitions));
    }
  }

  private Map<String, Reach> seek(Instant since, Map<TopicPartition, Long> ends) {
    Map<String, Reach> reach = new HashMap<>();
    Map<TopicPartition, Long> beginnings = consumer.beginningOffsets(ends.keySet());
    long millis = Math.max(0, since.toEpochMilli());
    Map<TopicPartition, @Nullable OffsetAndTimestamp> found =
        consumer.offsetsForTimes(
            ends.keySet().stream().collect(Collectors.toMap(partition -> partition, p -> millis)));
    ends.forEach(
        (partition, end) -> {
          OffsetAndTimestamp first = found.get(partition);
          long beginning = beginnings.getOrDefault(partition, 0L);
          long start = first == null ? end : first.offset();
          consumer.seek(partition, start);
          if (beginning > 0 && start == beginning) {
            reach
                .computeIfAbsent(
                    partition.topic(), topic -> new Reach(consumer.partitionsFor(topic).size()))
                .begins(
                    partition.partition(),
                    first == null ? Instant.now() : Instant.ofEpochMilli(first.timestamp()));
          }
        });
    return reach;
  }

  private void readTo(
      Map<TopicPartition, Long> ends, Consumer<TopicRecord> visitor, Progress progress) {
    long all = ends.entrySet().stream().mapToLong(this::left).sum();
    Set<TopicPartition> unfinished = new HashSet<>(ends.keySet());
    removeFinished(unfinished, ends);
    long lastProgress = System.nanoTime();
    long lastPositions = -1;
    while (!unfinished.isEmpty()) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        Long end = ends.get(new TopicPartition(record.topic(), record.partition()));
        if (end != null && record.offset() < end) {
          visitor.accept(topicRecord(record));
        }
      }
      progress.at(all - ends.entrySet().stream().mapToLong(this::left).sum(), all);
      removeFinished(unfinished, ends);
      long positions = unfinished.stream().mapToLong(consumer::position).sum();
      if (positions != lastPositions) {
        lastPositions = positions;
        lastProgress = System.nanoTime();
      } else if (System.nanoTime() - lastProgress > STALLED_AFTER.toNanos()) {
        throw new RelayException(
            Stage.OPERATIONS,
            "Nothing more can be read of %s: a transaction is open there, or its broker is away."
                .formatted(unfinished),
            "Bring the broker back, or end the transaction with kafka-transactions.sh; then try"
                + " again.");
      }
    }
  }

  private long left(Map.Entry<TopicPartition, Long> end) {
    return Math.max(0, end.getValue() - consumer.position(end.getKey()));
  }

  private void removeFinished(Set<TopicPartition> unfinished, Map<TopicPartition, Long> ends) {
    Set<TopicPartition> finished =
        unfinished.stream()
            .filter(partition -> consumer.position(partition) >= ends.getOrDefault(partition, 0L))
            .collect(Collectors.toSet());
    consumer.pause(finished);
    unfinished.removeAll(finished);
  }

  private static TopicRecord topicRecord(ConsumerRecord<byte[], byte[]> record) {
    return new TopicRecord(
        record.topic(),
        record.partition(),
        record.offset(),
        record.key() == null ? new byte[0] : record.key(),
        header(record, "id"),
        header(record, "outbox-position"),
        header(record, "outbox-replay"));
  }

  private static @Nullable String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
  }

  private <T> T asking(Supplier<T> question) {
    try {
      return question.get();
    } catch (AuthenticationException e) {
      throw refused(e);
    } catch (KafkaException e) {
      throw new RelayException(
          Stage.OPERATIONS,
          "Kafka at %s cannot be read: %s"
              .formatted(settings.kafka().bootstrapServers(), e.getMessage()),
          "Bring the brokers back, correct outbox.relay.kafka.bootstrap-servers, or allow Read and"
              + " Describe on the topics.",
          e);
    }
  }

  private RelayException refused(AuthenticationException failure) {
    return Objects.requireNonNull(
        KafkaFailures.explain(
            Stage.OPERATIONS, failure, "Kafka at " + settings.kafka().bootstrapServers()));
  }

  @Override
  public void close() {
    consumer.close();
  }
}
