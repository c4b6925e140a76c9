package dev.outbox.relay.publishing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.KafkaFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * The topic that holds the relay's position in exactly-once mode: one partition, whose last
 * committed record rules.
 */
public final class PositionTopic {

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);
  private static final Duration POLL = Duration.ofMillis(100);

  /** Looked at first from the end; transaction markers and aborted records lie in between. */
  private static final long FIRST_LOOK_BACK = 64;

  private final RelaySettings settings;
  private final TopicPartition partition;

  /** Nothing is connected yet. */
  public PositionTopic(RelaySettings settings) {
    this.settings = settings;
    this.partition = new TopicPartition(settings.positionTopicName(), 0);
  }

  /** The topic's name. */
  public String topic() {
    return partition.topic();
  }

  /**
   * Makes the topic unless it is there.
   *
   * @return whether it was made
   * @throws RelayException when the brokers cannot be reached or refuse
   */
  public boolean create() {
    return Brokers.reached(
        settings,
        ProducerSettings.of(settings),
        admin -> {
          try (admin) {
            NewTopic topic =
                new NewTopic(topic(), Optional.of(1), Optional.empty())
                    .configs(
                        Map.of(
                            TopicConfig.CLEANUP_POLICY_CONFIG,
                            TopicConfig.CLEANUP_POLICY_COMPACT,
                            // A position that only some replicas have is no position.
                            TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG,
                            "false"));
            admin
                .createTopics(List.of(topic))
                .all()
                .get(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
            return true;
          } catch (ExecutionException e) {
            if (e.getCause() instanceof TopicExistsException) {
              return false;
            }
            throw refused("cannot be made", e);
          } catch (TimeoutException e) {
            throw refused("cannot be made", e);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw refused("cannot be made", e);
          }
        });
  }

  /** The topic is there; with auto-creation a wrong one would be made silently. */
  void require(Admin admin) {
    try {
      var unused =
          admin
              .describeTopics(List.of(topic()))
              .allTopicNames()
              .get(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        throw new RelayException(
            Stage.PREFLIGHT,
            "Position topic '%s' does not exist.".formatted(topic()),
            "Run the relay's 'init' command with outbox.relay.delivery=exactly-once, or set"
                + " outbox.relay.auto-init=true.",
            e);
      }
      throw refused("cannot be looked at", e);
    } catch (TimeoutException e) {
      throw refused("cannot be looked at", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw refused("cannot be looked at", e);
    }
  }

  private RelayException refused(String what, Exception cause) {
    return new RelayException(
        Stage.PREFLIGHT,
        "Position topic '%s' %s: %s".formatted(topic(), what, KafkaFailures.deepest(cause)),
        "Grant Create, Describe, Read and Write on it to the relay's principal, or make it by hand"
            + " with one partition and cleanup.policy=compact.",
        cause);
  }

  ProducerRecord<byte[], byte[]> record(SourcePosition position) {
    return new ProducerRecord<>(
        topic(),
        partition.partition(),
        settings.name().getBytes(UTF_8),
        position.asText().getBytes(UTF_8));
  }

  /**
   * The last committed position, if there is one. Transactions of instances that were fenced must
   * have ended.
   */
  Optional<SourcePosition> read() {
    Map<String, Object> config = new HashMap<>(ProducerSettings.of(settings));
    config.keySet().retainAll(ConsumerConfig.configNames());
    config.keySet().removeIf(name -> name.startsWith("client.id"));
    config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> only = List.of(partition);
      consumer.assign(only);
      long begin = consumer.beginningOffsets(only, ANSWER_WITHIN).getOrDefault(partition, 0L);
      long end = consumer.endOffsets(only, ANSWER_WITHIN).getOrDefault(partition, 0L);
      for (long lookBack = FIRST_LOOK_BACK; ; lookBack *= 2) {
        long from = Math.max(begin, end - lookBack);
        Optional<SourcePosition> found = last(consumer, from, end);
        if (found.isPresent() || from == begin) {
          return found;
        }
      }
    } catch (AuthorizationException | org.apache.kafka.common.errors.TimeoutException e) {
      throw refused("cannot be read", e);
    } catch (AuthenticationException e) {
      @Nullable RelayException refusal = KafkaFailures.explain(Stage.PREFLIGHT, e, "Kafka");
      throw refusal == null ? refused("cannot be read", e) : refusal;
    }
  }

  private Optional<SourcePosition> last(
      KafkaConsumer<byte[], byte[]> consumer, long from, long end) {
    Optional<SourcePosition> last = Optional.empty();
    consumer.seek(partition, from);
    long deadline = System.nanoTime() + ANSWER_WITHIN.toNanos();
    while (consumer.position(partition, ANSWER_WITHIN) < end) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (record.offset() < end) {
          last = Optional.of(position(record));
        }
      }
      if (System.nanoTime() > deadline) {
        throw new org.apache.kafka.common.errors.TimeoutException(
            "not read to its end within " + ANSWER_WITHIN);
      }
    }
    return last;
  }

  /**
   * A record of somebody else's must not be passed over: the one before it may be long outdated.
   */
  private SourcePosition position(ConsumerRecord<byte[], byte[]> record) {
    try {
      return SourcePosition.parse(record.value() == null ? "" : new String(record.value(), UTF_8));
    } catch (IllegalArgumentException e) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "Position topic '%s' holds at offset %d what no relay has written."
              .formatted(topic(), record.offset()),
          "Allow nobody but the relay to write to it. Give the relay another"
              + " outbox.relay.position-topic, then 'init --accept-gap'.",
          e);
    }
  }
}
