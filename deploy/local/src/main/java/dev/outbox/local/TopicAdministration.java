package dev.outbox.local;

import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaFuture;

/** One change to a topic, over a connection of its own. */
final class TopicAdministration {

  private TopicAdministration() {}

  static void run(
      KafkaServer broker, String verb, String topic, Function<Admin, KafkaFuture<Void>> change) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
      change.apply(admin).get();
    } catch (ExecutionException e) {
      throw new LocalStackException("Cannot %s the topic %s".formatted(verb, topic), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalStackException("Interrupted: %s the topic %s".formatted(verb, topic), e);
    }
  }
}
