package dev.outbox.relay.migration;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.support.OutboxDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/**
 * What teams write before they know of the log: it reads rows that are not marked, sends them,
 * waits for Kafka and marks them, all in one transaction.
 */
final class Poller implements AutoCloseable {

  private static final String UNSENT =
      """
      select position, id, aggregate_id, payload from outbox_message
      where sent_at is null order by position limit 50 for update
      """;

  private final OutboxDatabase database;
  private final KafkaProducer<String, String> producer;
  private final String topic;
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
  private final Thread thread;
  private volatile boolean stopped;

  private Poller(OutboxDatabase database, String bootstrapServers, String topic) {
    this.database = database;
    this.topic = topic;
    producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers),
            new StringSerializer(),
            new StringSerializer());
    thread = new Thread(this::run, "poller of " + database.slot());
  }

  static Poller start(OutboxDatabase database, String bootstrapServers, String topic) {
    Poller poller = new Poller(database, bootstrapServers, topic);
    poller.thread.start();
    return poller;
  }

  void requireHealthy() {
    @Nullable Exception failed = failure.get();
    if (failed != null) {
      throw new AssertionError("The poller failed", failed);
    }
  }

  private void run() {
    try (Connection connection = database.connectAsAdministrator()) {
      connection.setAutoCommit(false);
      while (!stopped) {
        poll(connection);
      }
    } catch (SQLException | InterruptedException | ExecutionException | RuntimeException e) {
      failure.set(e);
    }
  }

  private void poll(Connection connection)
      throws SQLException, InterruptedException, ExecutionException {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    List<String> positions = new ArrayList<>();
    try (Statement statement = connection.createStatement()) {
      try (ResultSet rows = statement.executeQuery(UNSENT)) {
        while (rows.next()) {
          positions.add(rows.getString(1));
          ProducerRecord<String, String> event =
              new ProducerRecord<>(topic, rows.getString(3), rows.getString(4));
          event.headers().add("id", rows.getString(2).getBytes(UTF_8));
          sent.add(producer.send(event));
        }
      }
      for (Future<RecordMetadata> record : sent) {
        record.get();
      }
      if (!positions.isEmpty()) {
        statement.execute(
            "update outbox_message set sent_at = now() where position in ("
                + String.join(", ", positions)
                + ")");
      }
    }
    connection.commit();
  }

  @Override
  public void close() throws InterruptedException {
    stopped = true;
    thread.join();
    producer.close();
  }
}
