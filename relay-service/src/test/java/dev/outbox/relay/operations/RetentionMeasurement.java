package dev.outbox.relay.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.slot.Initialization;
import dev.outbox.relay.slot.RunFence;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * How long a writer's transaction takes while retention works and while it does not. Not a test by
 * its name; run it with {@code -Dtest=RetentionMeasurement}.
 */
@Tag("measure")
@WithLocalStack
class RetentionMeasurement {

  private static final int OLD_ROWS = 1_000_000;
  private static final Duration PHASE = Duration.ofSeconds(15);
  private static final int PAIRS = 3;

  @AutoClose private OutboxDatabase database;

  @BeforeEach
  void createDatabase(PostgresServer postgres) {
    database = OutboxDatabase.create(postgres);
  }

  @Test
  void writersHardlyNoticeTheRemovalOfAMillionRows() throws Exception {
    RelaySettings settings = TestSettings.of(database, "localhost:1", Map.of("retention", "1d"));
    new Initialization(new SourceDatabase(settings), settings).run(false);
    database.execute(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload, created_at)
        select gen_random_uuid(), 'Order', (i %% 1000)::text, 'Old', repeat('x', 500)::bytea,
          now() - interval '2 days'
        from generate_series(1, %d) i
        """
            .formatted(OLD_ROWS));
    database.execute("update outbox_relay set floor = " + OLD_ROWS);
    database.execute("vacuum analyze outbox_event");
    database.execute("checkpoint");
    write("warming up");
    AtomicLong removed = new AtomicLong();
    for (int pair = 0; pair < PAIRS; pair++) {
      write("off");
      long before = removed.get();
      try (Retention retention =
          new Retention(
              new SourceDatabase(settings),
              settings,
              new RunFence(settings, 0),
              removed::addAndGet)) {
        retention.start();
        write("on");
      }
      System.out.printf("%d rows removed meanwhile%n", removed.get() - before);
    }
    assertThat(removed.get()).isPositive();
  }

  private void write(String retention) throws Exception {
    long[] nanos = new long[1_000_000];
    int count = 0;
    try (Connection connection = database.connect();
        PreparedStatement insert =
            connection.prepareStatement(
                """
                insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
                values (gen_random_uuid(), 'Order', '1', 'New', ?)
                """)) {
      byte[] payload = new byte[500];
      long end = System.nanoTime() + PHASE.toNanos();
      while (System.nanoTime() < end && count < nanos.length) {
        long begun = System.nanoTime();
        insert.setBytes(1, payload);
        insert.executeUpdate();
        nanos[count++] = System.nanoTime() - begun;
      }
    }
    long[] sorted = LongStream.of(Arrays.copyOf(nanos, count)).sorted().toArray();
    System.out.printf(
        "retention %-10s %6d commits, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, worst %.1f ms%n",
        retention,
        count,
        millis(sorted, 0.5),
        millis(sorted, 0.99),
        millis(sorted, 0.999),
        millis(sorted, 1));
  }

  private static double millis(long[] sorted, double quantile) {
    int place = (int) Math.min(sorted.length - 1, Math.round(sorted.length * quantile));
    return sorted[place] / 1e6;
  }
}
