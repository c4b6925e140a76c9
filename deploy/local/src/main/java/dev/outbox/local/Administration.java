package dev.outbox.local;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.jspecify.annotations.Nullable;

/** One change at a broker, over a connection of its own. */
final class Administration {

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final Duration PAUSE = Duration.ofMillis(100);

  private Administration() {}

  /**
   * Asks again while the controller takes the only broker for dead, as it does with one that got no
   * processor time for some seconds: it believes its next heartbeat.
   *
   * @param what what is done, for the message of a failure
   * @return the broker's answer
   */
  static <T extends @Nullable Object> T run(
      KafkaServer broker, String what, Function<Admin, KafkaFuture<T>> change) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try (Admin admin = admin(broker)) {
      while (true) {
        try {
          return change.apply(admin).get();
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof InvalidReplicationFactorException)
              || System.nanoTime() > deadline) {
            throw new LocalStackException("Kafka refuses to " + what, e);
          }
          boolean unused = Waiting.pause(PAUSE);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalStackException("Interrupted: " + what, e);
    }
  }

  /** A deletion is the controller's; brokers hear of it, and take records in until then. */
  static void awaitGone(KafkaServer broker, String topic) {
    try (Admin admin = admin(broker)) {
      Waiting.until(
          "the end of topic " + topic,
          PATIENCE,
          Waiting::pause,
          () -> !admin.listTopics().names().get().contains(topic));
    }
  }

  /** So is a change of a setting: brokers go by the former value until they hear of it. */
  static void awaitSetting(
      KafkaServer broker, ConfigResource resource, String setting, String value) {
    try (Admin admin = admin(broker)) {
      Waiting.until(
          "%s=%s of %s".formatted(setting, value, resource.name()),
          PATIENCE,
          Waiting::pause,
          () ->
              admin.describeConfigs(List.of(resource)).all().get().values().stream()
                  .map(settings -> settings.get(setting))
                  .anyMatch(found -> found != null && value.equals(found.value())));
    }
  }

  private static Admin admin(KafkaServer broker) {
    return Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
  }
}
