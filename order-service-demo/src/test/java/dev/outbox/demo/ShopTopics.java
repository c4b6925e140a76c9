package dev.outbox.demo;

import dev.outbox.local.KafkaServer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;

/** The topics of the shop, whose names are always the same, on a broker that test classes share. */
public final class ShopTopics {

  /** What all of them begin with. */
  public static final String PREFIX = "outbox.event.";

  private ShopTopics() {}

  /**
   * Takes away what a shop before has published, and with it how far its consumers, whose names are
   * always the same too, have come.
   */
  public static void deleteAll(KafkaServer kafka) {
    topics(kafka).forEach(kafka::deleteTopic);
  }

  private static List<String> topics(KafkaServer kafka) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
      return admin.listTopics().names().get().stream()
          .filter(name -> name.startsWith(PREFIX))
          .toList();
    } catch (ExecutionException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
