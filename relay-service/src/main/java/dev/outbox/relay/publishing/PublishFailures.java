package dev.outbox.relay.publishing;

import static java.util.Objects.requireNonNullElse;

import dev.outbox.relay.failure.KafkaFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.publishing.PublishFailure.Fatal;
import dev.outbox.relay.publishing.PublishFailure.NotSent;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.publishing.PublishFailure.Scope;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordBatchTooLargeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedForMessageFormatException;
import org.jspecify.annotations.Nullable;

/**
 * Decides what each failure of a publish means; docs/failures.md is this class as a table.
 *
 * <p>What the producer may retry never comes here: it retries without end, so missing brokers, too
 * few in-sync replicas and lost connections are waits and not failures.
 */
final class PublishFailures {

  private PublishFailures() {}

  /**
   * @param topic where the record was to go
   * @param failure what the producer reports for it
   */
  static PublishFailure classify(String topic, Throwable failure) {
    if (isInnocent(failure)) {
      return new NotSent();
    }
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      @Nullable PublishFailure known = known(topic, cause);
      if (known != null) {
        return known;
      }
    }
    return new Fatal(
        new RelayException(
            Stage.PUBLISHING,
            "Publishing to topic '%s' failed: %s".formatted(topic, failure),
            "The relay tries again by itself; if this repeats, see the broker's log.",
            failure));
  }

  /** What the producer says of records whose batch was refused because of another one in it. */
  private static boolean isInnocent(Throwable failure) {
    return failure.getClass() == KafkaException.class
        && String.valueOf(failure.getMessage()).contains("invalid records");
  }

  private static @Nullable PublishFailure known(String topic, Throwable cause) {
    String message =
        requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName())
            .replaceFirst("\\.$", "");
    if (cause instanceof RecordTooLargeException || cause instanceof RecordBatchTooLargeException) {
      return rejected(
          Scope.RECORD,
          "too large for topic '%s': %s".formatted(topic, message),
          "raise max.message.bytes of the topic (and outbox.relay.kafka.properties."
              + "max.request.size above 16 MB), or have the service write smaller events");
    }
    if (cause instanceof TopicAuthorizationException denied) {
      // A transaction fails as a whole when one of its topics is denied.
      return denied.unauthorizedTopics().isEmpty() || denied.unauthorizedTopics().contains(topic)
          ? rejected(
              Scope.TOPIC,
              "the relay may not write to topic '%s'".formatted(topic),
              "grant Write and Describe on the topic to the relay's principal")
          : new NotSent();
    }
    if (cause instanceof InvalidTopicException) {
      return rejected(
          Scope.TOPIC,
          "Kafka refuses the topic name '%s'".formatted(topic),
          "use aggregate types of letters, digits, '.', '_' and '-'");
    }
    if (cause instanceof InvalidRecordException
        || cause instanceof InvalidTimestampException
        || cause instanceof UnsupportedForMessageFormatException) {
      return rejected(
          Scope.RECORD,
          "topic '%s' refuses the record: %s".formatted(topic, message),
          "look at the topic's settings");
    }
    return fatal(cause);
  }

  private static @Nullable PublishFailure fatal(Throwable cause) {
    if (cause instanceof ProducerFencedException
        || cause instanceof InvalidProducerEpochException) {
      return new Fatal(
          new RelayException(
              Stage.PUBLISHING,
              "Kafka has fenced this instance: another one has begun to publish, or a transaction"
                  + " took longer than transaction.timeout.ms.",
              "None needed: this instance looks again whether it leads.",
              cause));
    }
    @Nullable RelayException refusal = KafkaFailures.explain(Stage.PUBLISHING, cause, "Kafka");
    return refusal == null ? null : new Fatal(refusal);
  }

  /** Whether a transactional producer cannot be used any more after this. */
  static boolean isFinal(Throwable failure) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ProducerFencedException
          || cause instanceof InvalidProducerEpochException
          || cause instanceof AuthenticationException
          || cause instanceof TransactionalIdAuthorizationException
          || cause instanceof ClusterAuthorizationException) {
        return true;
      }
    }
    return false;
  }

  static Rejected rejected(Scope scope, String reason, String remedy) {
    return new Rejected(Stage.PUBLISHING, scope, reason, remedy);
  }
}
