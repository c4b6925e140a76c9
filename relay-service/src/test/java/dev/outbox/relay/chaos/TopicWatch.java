package dev.outbox.relay.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.support.TopicReader;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/** Reads the topics as they grow, in a thread of its own, into a ledger. */
final class TopicWatch implements AutoCloseable {

  /** Types of aggregates; each has a topic. */
  static final List<String> TYPES = List.of("Order", "Invoice");

  static final int PARTITIONS = 3;

  private static final Duration POLL = Duration.ofMillis(50);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final TopicLedger ledger;
  private final CompletableFuture<Void> ended;
  private volatile boolean closing;

  /**
   * @param prefix what a topic's name has before the type
   */
  TopicWatch(String bootstrapServers, String prefix, TopicLedger ledger) {
    this.ledger = ledger;
    consumer =
        new KafkaConsumer<>(
            Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers,
                // Where the log is cut off, reading on from elsewhere would invent repeats.
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none",
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false",
                ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed"),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        TYPES.stream()
            .flatMap(
                type ->
                    IntStream.range(0, PARTITIONS)
                        .mapToObj(partition -> new TopicPartition(prefix + type, partition)))
            .toList();
    consumer.assign(partitions);
    partitions.forEach(partition -> consumer.seek(partition, 0));
    ended = CompletableFuture.runAsync(this::read, task -> new Thread(task, "topics").start());
  }

  /** The type in an aggregate's ID. */
  static String type(String aggregate) {
    return aggregate.substring(0, aggregate.indexOf('-'));
  }

  /** The number that an event's payload begins with. */
  static long number(byte[] payload) {
    String text = new String(payload, UTF_8);
    return Long.parseLong(text.substring(0, text.indexOf(' ')));
  }

  private void read() {
    while (!closing) {
      consumer.poll(POLL).forEach(record -> ledger.take(arrival(record)));
    }
  }

  private static Arrival arrival(ConsumerRecord<byte[], byte[]> record) {
    return new Arrival(
        "%s-%d%s"
            .formatted(
                record.topic().substring(record.topic().lastIndexOf('.') + 1),
                record.partition(),
                shard(record)),
        new String(record.key(), UTF_8),
        TopicReader.header(record, "id"),
        number(record.value()),
        TopicReader.header(record, "outbox-position"),
        System.currentTimeMillis());
  }

  /** Positions of different shards do not compare. */
  private static String shard(ConsumerRecord<byte[], byte[]> record) {
    @Nullable Header shard = record.headers().lastHeader("outbox-shard");
    return shard == null ? "" : " of shard " + new String(shard.value(), UTF_8);
  }

  /** Fails when reading has. */
  void check() throws InterruptedException {
    if (ended.isDone()) {
      try {
        ended.get();
      } catch (ExecutionException e) {
        throw new IllegalStateException("The topics cannot be read", e);
      }
    }
  }

  @Override
  public void close() {
    closing = true;
    var unused = ended.handle((nothing, failure) -> true).join();
    consumer.close();
  }
}
