package dev.outbox.local;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaFuture;

/** One change to a topic, over a connection of its own. */
final class TopicAdministration {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private TopicAdministration() {}

  static void run(
      KafkaServer broker, String verb, String topic, Function<Admin, KafkaFuture<Void>> change) {
    try (Admin admin = admin(broker)) {
      change.apply(admin).get();
    } catch (ExecutionException e) {
      throw new LocalStackException("Cannot %s the topic %s".formatted(verb, topic), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalStackException("Interrupted: %s the topic %s".formatted(verb, topic), e);
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

  private static Admin admin(KafkaServer broker) {
    return Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
  }
}
