package dev.outbox.local;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;

/** A Kafka broker. Its own methods may be called by any thread. */
public interface KafkaServer extends RestartableServer {

  /** The value for a client's {@code bootstrap.servers}; it stays the same over restarts. */
  String bootstrapServers();

  /**
   * Creates a topic with the broker's default settings.
   *
   * @throws LocalStackException if the broker refuses, for instance because the topic exists
   */
  default void createTopic(String name, int partitions) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
      admin
          .createTopics(List.of(new NewTopic(name, Optional.of(partitions), Optional.empty())))
          .all()
          .get();
    } catch (ExecutionException e) {
      throw new LocalStackException("Cannot create the topic " + name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalStackException("Interrupted while creating the topic " + name, e);
    }
  }

  /**
   * Changes a setting of a topic; counts when the method returns.
   *
   * @throws LocalStackException when the broker refuses
   */
  default void configureTopic(String name, String setting, String value) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
      admin
          .incrementalAlterConfigs(
              Map.of(
                  new ConfigResource(ConfigResource.Type.TOPIC, name),
                  List.of(
                      new AlterConfigOp(
                          new ConfigEntry(setting, value), AlterConfigOp.OpType.SET))))
          .all()
          .get();
    } catch (ExecutionException e) {
      throw new LocalStackException("Cannot configure the topic " + name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalStackException("Interrupted while configuring the topic " + name, e);
    }
  }
}
