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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads which events stand at the ends of topics. For one thread. */
public final class TopicTails implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TopicTails.class);
  private static final Duration LOOK_AROUND = Duration.ofMillis(200);
  private static final String EVENT_ID = "id";

  private final RelaySettings settings;
  private final KafkaConsumer<byte[], byte[]> consumer;

  /** Nothing is read yet. */
  public TopicTails(RelaySettings settings) {
    this.settings = settings;
    this.consumer =
        new KafkaConsumer<>(
            ConsumerSettings.of(settings, "tails", IsolationLevel.READ_COMMITTED),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
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
      } catch (AuthenticationException e) {
        throw refused(e);
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
