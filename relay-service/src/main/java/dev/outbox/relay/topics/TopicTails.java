package dev.outbox.relay.topics;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.unit.DataSize;

/** Reads which events stand at the ends of topics. For one thread. */
public final class TopicTails implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TopicTails.class);
  private static final Duration LOOK_AROUND = Duration.ofMillis(200);
  private static final int RECORDS_AT_ONCE = 5000;
  private static final DataSize BYTES_AT_ONCE = DataSize.ofMegabytes(8);
  private static final String EVENT_ID = "id";

  private final RelaySettings settings;
  private final KafkaConsumer<byte[], byte[]> consumer;

  /** Nothing is read yet. */
  public TopicTails(RelaySettings settings) {
    this.settings = settings;
    this.consumer =
        new KafkaConsumer<>(
            config(settings), new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private static Map<String, Object> config(RelaySettings settings) {
    // How to connect is said once, for the producer.
    Map<String, Object> config = new HashMap<>(settings.kafka().properties());
    config.keySet().retainAll(ConsumerConfig.configNames());
    config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, settings.kafka().bootstrapServers());
    config.put(ConsumerConfig.CLIENT_ID_CONFIG, "outbox-relay-" + settings.name() + "-tails");
    config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, RECORDS_AT_ONCE);
    config.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, (int) BYTES_AT_ONCE.toBytes());
    return config;
  }

  /**
   * Reads each topic from a time on to where it ends now. Topics that do not exist have no events;
   * nor have, with a warning, topics that the relay may not read.
   *
   * @param givingUp asked now and then: true ends the reading early
   * @param eventId is given the event ID of every record that has one
   * @throws RelayException when the brokers do not answer
   */
  public void read(
      Collection<String> topics, Instant from, BooleanSupplier givingUp, Consumer<String> eventId) {
    for (String topic : topics) {
      try {
        read(topic, from, givingUp, eventId);
      } catch (AuthorizationException e) {
        LOG.atWarn()
            .addKeyValue("topic", topic)
            .log(
                "The relay may not read the topic: allow Read, or events that already stand on it"
                    + " are published a second time after a gap");
      } catch (KafkaException e) {
        throw new RelayException(
            Stage.OPERATIONS,
            "Topic '%s' cannot be read at %s: %s"
                .formatted(topic, settings.kafka().bootstrapServers(), e.getMessage()),
            "Bring the brokers back; the relay tries again by itself.",
            e);
      }
    }
  }

  private void read(
      String topic, Instant from, BooleanSupplier givingUp, Consumer<String> eventId) {
    List<TopicPartition> partitions =
        consumer.partitionsFor(topic).stream()
            .map(partition -> new TopicPartition(topic, partition.partition()))
            .toList();
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    Map<TopicPartition, OffsetAndTimestamp> starts =
        consumer.offsetsForTimes(
            partitions.stream()
                .collect(Collectors.toMap(Function.identity(), any -> from.toEpochMilli())));
    Map<TopicPartition, Long> unread = new HashMap<>();
    starts.forEach(
        (partition, start) -> {
          long end = ends.getOrDefault(partition, 0L);
          // Nothing is written later than that where there is no start.
          if (start != null && start.offset() < end) {
            unread.put(partition, end);
          }
        });
    consumer.assign(unread.keySet());
    unread
        .keySet()
        .forEach(
            partition ->
                consumer.seek(partition, Objects.requireNonNull(starts.get(partition)).offset()));
    while (!unread.isEmpty() && !givingUp.getAsBoolean()) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(LOOK_AROUND)) {
        Header header = record.headers().lastHeader(EVENT_ID);
        if (header != null && header.value() != null) {
          eventId.accept(new String(header.value(), UTF_8));
        }
      }
      unread.entrySet().removeIf(end -> consumer.position(end.getKey()) >= end.getValue());
      consumer.assign(unread.keySet());
    }
  }

  @Override
  public void close() {
    consumer.close();
  }
}
