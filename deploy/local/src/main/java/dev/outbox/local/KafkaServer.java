package dev.outbox.local;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * A Kafka broker that can be stopped, killed and started again, always on the same port and with
 * the same data.
 *
 * <p>Not for concurrent {@code start}, {@code stop} and {@code kill}; the other methods may be
 * called by any thread.
 */
public interface KafkaServer extends AutoCloseable {

  /** The value for a client's {@code bootstrap.servers}; it stays the same over restarts. */
  String bootstrapServers();

  /**
   * Starts the broker, on what data there is, and returns when it serves clients. Does nothing when
   * it runs.
   *
   * @throws LocalStackException if it does not start; the message contains the broker's own words
   */
  void start();

  /** Stops the broker cleanly. Does nothing when it is stopped. */
  void stop();

  /**
   * Ends the broker as {@code kill -9} would.
   *
   * @throws UnsupportedOperationException if the broker runs inside this JVM
   */
  void kill();

  /** Stops the broker for good and deletes its data if they were temporary. */
  @Override
  void close();

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
}
