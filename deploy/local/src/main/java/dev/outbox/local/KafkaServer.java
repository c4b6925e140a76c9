package dev.outbox.local;

import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    NewTopic topic = new NewTopic(name, Optional.of(partitions), Optional.empty());
    Administration.run(
        this, "create the topic " + name, admin -> admin.createTopics(List.of(topic)).all());
  }

  /**
   * Deletes a topic with its records. The broker takes in nothing more for it when the method
   * returns; clients hear of it a little later.
   *
   * @throws LocalStackException when the broker refuses
   */
  default void deleteTopic(String name) {
    Administration.run(
        this, "delete the topic " + name, admin -> admin.deleteTopics(List.of(name)).all());
    Administration.awaitGone(this, name);
  }

  /**
   * Changes a setting of a topic; counts when the method returns.
   *
   * @throws LocalStackException when the broker refuses
   */
  default void configureTopic(String name, String setting, String value) {
    AlterConfigOp change =
        new AlterConfigOp(new ConfigEntry(setting, value), AlterConfigOp.OpType.SET);
    ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, name);
    Administration.run(
        this,
        "configure the topic " + name,
        admin -> admin.incrementalAlterConfigs(Map.of(topic, List.of(change))).all());
    Administration.awaitSetting(this, topic, setting, value);
  }
}
