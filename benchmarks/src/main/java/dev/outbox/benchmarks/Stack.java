package dev.outbox.benchmarks;

import dev.outbox.local.LocalKafka;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;

/** The servers that all contenders of a run share. */
final class Stack implements AutoCloseable {

  private final Database database;
  private final LocalKafka kafka;

  private Stack(Database database, LocalKafka kafka) {
    this.database = database;
    this.kafka = kafka;
  }

  static Stack start() {
    Database database = Database.start();
    try {
      return new Stack(database, LocalKafka.builder().start());
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  Database database() {
    return database;
  }

  String brokers() {
    return kafka.bootstrapServers();
  }

  /**
   * The broker stamps records when they arrive, so reading the topic afterwards tells the speed.
   */
  void createTopic(String name, int partitions) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", brokers()))) {
      NewTopic topic =
          new NewTopic(name, Optional.of(partitions), Optional.empty())
              .configs(Map.of(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "LogAppendTime"));
      admin.createTopics(List.of(topic)).all().get();
    } catch (ExecutionException e) {
      throw new BenchmarkException("Kafka does not make the topic " + name, e);
    } catch (InterruptedException e) {
      throw BenchmarkException.interrupted(e);
    }
  }

  void deleteTopic(String name) {
    kafka.deleteTopic(name);
  }

  @Override
  public void close() {
    kafka.close();
    database.close();
  }
}
