package dev.outbox.relay.publishing;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.KafkaFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;

/** Reaching the brokers, and telling why they cannot be reached. */
final class Brokers {

  private static final Duration REACHABLE_WITHIN = Duration.ofSeconds(10);

  private Brokers() {}

  /**
   * Hands an admin client whose brokers answer to a user, who closes it; closes it when that fails.
   *
   * @param producer settings of the producer, of which the connection's are taken
   * @throws RelayException when no broker answers within ten seconds or the settings do not fit
   */
  static <T> T reached(
      RelaySettings settings, Map<String, Object> producer, Function<Admin, T> user) {
    try {
      Admin admin = Admin.create(ProducerSettings.forAdmin(producer, REACHABLE_WITHIN));
      try {
        requireReachable(admin, settings);
        return user.apply(admin);
      } catch (RuntimeException e) {
        admin.close(Duration.ZERO);
        throw e;
      }
    } catch (KafkaException e) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "A Kafka client cannot be made for brokers %s: %s"
              .formatted(settings.kafka().bootstrapServers(), reasons(e)),
          "Check outbox.relay.kafka.bootstrap-servers and outbox.relay.kafka.properties.*, and that"
              + " the relay can read the files that they name.",
          e);
    }
  }

  private static void requireReachable(Admin admin, RelaySettings settings) {
    try {
      var unused =
          admin.describeCluster().nodes().get(REACHABLE_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw explain(settings, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RelayException(
          Stage.PREFLIGHT, "Interrupted while looking for a Kafka broker.", "None needed.", e);
    }
  }

  private static RelayException explain(RelaySettings settings, Exception failure) {
    @Nullable RelayException refusal =
        KafkaFailures.explain(
            Stage.PREFLIGHT, failure, "Kafka at " + settings.kafka().bootstrapServers());
    return refusal != null
        ? refusal
        : new RelayException(
            Stage.PREFLIGHT,
            "No Kafka broker answers at %s within %d s: %s"
                .formatted(
                    settings.kafka().bootstrapServers(),
                    REACHABLE_WITHIN.toSeconds(),
                    KafkaFailures.deepest(failure)),
            "Start Kafka, or correct outbox.relay.kafka.bootstrap-servers and, where the broker asks"
                + " for TLS or a login, outbox.relay.kafka.properties.security.protocol, ssl.* and"
                + " sasl.*.",
            failure);
  }

  /** Of a file that cannot be read the deepest cause says no more than its name. */
  private static String reasons(KafkaException failure) {
    return KafkaFailures.chain(failure.getCause() == null ? failure : failure.getCause());
  }
}
