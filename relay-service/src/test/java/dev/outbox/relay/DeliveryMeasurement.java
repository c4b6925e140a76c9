package dev.outbox.relay;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What exactly-once delivery costs beside at-least-once, for a backlog and for events one by one.
 * Not a test by its name; run it with {@code -Dit.test=DeliveryMeasurement}.
 */
@Tag("measure")
@WithLocalStack
class DeliveryMeasurement {

  private static final int BACKLOG = 500_000;
  private static final int ONE_BY_ONE = 10_000;
  private static final int A_SECOND = 500;
  private static final int ROUNDS = 2;

  @Test
  void bothModesInTurn(PostgresServer postgres, KafkaServer kafka) throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      for (String delivery : List.of("at-least-once", "exactly-once")) {
        try (OutboxDatabase database = OutboxDatabase.create(postgres)) {
          measure(database, kafka.bootstrapServers(), delivery);
        }
      }
    }
  }

  private static void measure(OutboxDatabase database, String brokers, String delivery)
      throws Exception {
    Map<String, String> properties =
        TestSettings.properties(database, brokers, Map.of("delivery", delivery));
    try (RelayProcess relay = start(properties)) {
      relay.awaitLeading();
    }
    database.execute(
        """
        insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i %% 1000)::text, 'Happened',
          rpad('0 ', 500, 'x')::bytea
        from generate_series(1, %d) i
        """
            .formatted(BACKLOG));
    try (RelayProcess relay = start(properties);
        KafkaConsumer<byte[], String> consumer =
            TopicReader.consumer(brokers, database.slot() + ".Order")) {
      relay.awaitLeading();
      long begin = System.nanoTime();
      int read = 0;
      while (read < BACKLOG) {
        read += consumer.poll(Duration.ofMillis(100)).count();
      }
      double rate = BACKLOG / ((System.nanoTime() - begin) / 1e9);
      // The first ones warm up.
      long[] unused = latencies(database, consumer, ONE_BY_ONE / 2);
      long[] sorted = latencies(database, consumer, ONE_BY_ONE);
      System.out.printf(
          "%-14s backlog %.0f a second; commit to consumer at %d a second: median %.1f ms, p99 %.1f ms%n",
          delivery,
          rate,
          A_SECOND,
          sorted[sorted.length / 2] / 1e6,
          sorted[sorted.length * 99 / 100] / 1e6);
    }
  }

  private static long[] latencies(
      OutboxDatabase database, KafkaConsumer<byte[], String> consumer, int events)
      throws Exception {
    AtomicLongArray committed = new AtomicLongArray(events);
    Thread writer =
        new Thread(
            () -> {
              try (Connection connection = database.connect();
                  PreparedStatement insert =
                      connection.prepareStatement(
                          """
                          insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
                          values (gen_random_uuid(), 'Order', ?, 'Happened', ?)
                          """)) {
                long next = System.nanoTime();
                for (int i = 0; i < events; i++) {
                  next += Duration.ofSeconds(1).toNanos() / A_SECOND;
                  LockSupport.parkNanos(next - System.nanoTime());
                  insert.setString(1, String.valueOf(i % 1000));
                  insert.setBytes(2, (i + " " + "x".repeat(490)).getBytes(US_ASCII));
                  insert.executeUpdate();
                  committed.set(i, System.nanoTime());
                }
              } catch (SQLException e) {
                throw new IllegalStateException(e);
              }
            });
    writer.start();
    long[] arrived = new long[events];
    int read = 0;
    while (read < events) {
      for (ConsumerRecord<byte[], String> event : consumer.poll(Duration.ofMillis(100))) {
        arrived[Integer.parseInt(event.value(), 0, event.value().indexOf(' '), 10)] =
            System.nanoTime();
        read++;
      }
    }
    writer.join();
    // A record may be read before the writer has noted its commit.
    return LongStream.range(0, events)
        .map(i -> Math.max(0, arrived[(int) i] - committed.get((int) i)))
        .sorted()
        .toArray();
  }

  private static RelayProcess start(Map<String, String> properties) {
    return RelayProcess.start(properties, List.of("-Xmx512m"));
  }
}
