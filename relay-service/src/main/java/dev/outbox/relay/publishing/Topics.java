package dev.outbox.relay.publishing;

import dev.outbox.relay.failure.KafkaFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.publishing.PublishFailure.Scope;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which topics can be written to. Asked before a record goes to the producer, because a send that
 * waits for an unknown topic in vain spoils a transaction, and because a topic that refuses every
 * record must not cost each of them an attempt. For the engine thread.
 */
final class Topics {

  private static final Logger LOG = LoggerFactory.getLogger(Topics.class);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);

  /** For so long no record of a topic that refuses all is tried. */
  private static final Duration TRY_AGAIN_AFTER = Duration.ofSeconds(15);

  private final Admin admin;
  private final Duration missingTopicWait;
  private final BooleanSupplier givingUp;
  private final Clock clock;
  private final Set<String> known = new HashSet<>();
  private final Map<String, Refusal> refused = new HashMap<>();

  /**
   * @param missingTopicWait how long brokers that answer may say that there is no such topic
   * @param givingUp asked while waiting: true ends the wait
   */
  Topics(Admin admin, Duration missingTopicWait, BooleanSupplier givingUp, Clock clock) {
    this.admin = admin;
    this.missingTopicWait = missingTopicWait;
    this.givingUp = givingUp;
    this.clock = clock;
  }

  private record Refusal(Rejected failure, Instant until) {}

  /** A record of this topic was rejected. */
  void rejected(String topic, PublishFailure failure) {
    if (failure instanceof Rejected rejected && rejected.scope() == Scope.TOPIC) {
      known.remove(topic);
      refused.put(topic, new Refusal(rejected, clock.instant().plus(TRY_AGAIN_AFTER)));
    }
  }

  /**
   * Waits until the topic is there: while no broker answers without end, and while brokers say that
   * it does not exist for the configured time.
   *
   * @return null when it can be written to, else what the record's handover comes to
   */
  @Nullable Handover await(String topic, KafkaProducer<byte[], byte[]> producer) {
    if (known.contains(topic)) {
      return null;
    }
    @Nullable Refusal refusal = refused.get(topic);
    if (refusal != null && clock.instant().isBefore(refusal.until())) {
      return new Handover.Refused(refusal.failure());
    }
    @Nullable Handover hindrance = look(topic, producer, refusal);
    if (hindrance == null) {
      refused.remove(topic);
      known.add(topic);
    } else if (hindrance instanceof Handover.Refused now) {
      rejected(topic, now.failure());
    }
    return hindrance;
  }

  private @Nullable Handover look(
      String topic, KafkaProducer<byte[], byte[]> producer, @Nullable Refusal before) {
    @Nullable Instant missingSince = null;
    boolean waiting = false;
    while (true) {
      if (before != null && isMissing(topic)) {
        return new Handover.Refused(missing(topic)); // it has been waited for already
      }
      try {
        var unused = producer.partitionsFor(topic);
        if (waiting) {
          LOG.atInfo().addKeyValue("topic", topic).log("Topic is there, going on");
        }
        return null;
      } catch (org.apache.kafka.common.errors.TimeoutException e) {
        Instant now = clock.instant();
        if (!isMissing(topic)) {
          missingSince = null;
        } else if (missingSince == null) {
          missingSince = now;
        } else if (!missingSince.plus(missingTopicWait).isAfter(now)) {
          return new Handover.Refused(missing(topic));
        }
      } catch (ApiException e) {
        return new Handover.Refused(PublishFailures.classify(topic, e));
      }
      if (!waiting) {
        waiting = true;
        LOG.atWarn()
            .addKeyValue("topic", topic)
            .log(
                "Waiting for the topic: create it, allow its automatic creation, or bring the"
                    + " brokers back; order is kept meanwhile");
      }
      if (givingUp.getAsBoolean()) {
        return new Handover.GivenUp();
      }
    }
  }

  /** Whether a topic that was there is not any more; it is then waited for like a new one. */
  boolean isGone(String topic) {
    boolean gone = isMissing(topic);
    if (gone) {
      known.remove(topic);
    }
    return gone;
  }

  private static Rejected missing(String topic) {
    return PublishFailures.rejected(
        Scope.TOPIC,
        "topic '%s' does not exist".formatted(topic),
        "create the topic, or correct the aggregate type that the service writes");
  }

  /**
   * Whether a broker answers, and says that there is no such topic.
   *
   * @throws RelayException when the brokers refuse the relay, or it refuses them: a wait for that
   *     to pass would not tell why
   */
  private boolean isMissing(String topic) {
    try {
      var unused =
          admin
              .describeTopics(List.of(topic))
              .allTopicNames()
              .get(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
      return false;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AuthenticationException) {
        @Nullable RelayException refusal = KafkaFailures.explain(Stage.PUBLISHING, e, "Kafka");
        if (refusal != null) {
          throw refusal;
        }
      }
      return e.getCause() instanceof UnknownTopicOrPartitionException;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
