package dev.outbox.relay.migration;

import dev.outbox.relay.support.OutboxDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Services that know nothing of the move: each changes business rows, writes events, commits, and
 * keeps its connection and its prepared statements. An aggregate belongs to one thread, so that its
 * order is known. Whatever fails fails the test.
 */
final class Writers implements AutoCloseable {

  /** As the guide calls it. */
  static final String ROLE = "orders_service";

  private static final int THREADS = 3;
  private static final int KEYS_EACH = 4;
  private static final Duration PAUSE = Duration.ofMillis(5);

  /** Writes one event, in the transaction of the connection. */
  @FunctionalInterface
  interface EventStatement {
    void write(Connection connection, UUID id, String key) throws SQLException;
  }

  private final OutboxDatabase database;
  private final EventStatement event;
  private final Map<String, List<String>> committed = new ConcurrentHashMap<>();
  private final AtomicInteger events = new AtomicInteger();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
  private final List<Future<?>> running = new ArrayList<>();

  private Writers(OutboxDatabase database, EventStatement event) {
    this.database = database;
    this.event = event;
  }

  /** What services have before anybody thinks of moving: their role, and a table of theirs. */
  static void prepare(OutboxDatabase database) {
    database.execute(
        """
        do $$ begin create role %1$s; exception when duplicate_object then null; end $$;
        create table business (what text);
        grant insert on business to %1$s;
        """
            .formatted(ROLE));
  }

  /** A connection of the service, in a transaction. */
  static Connection connect(OutboxDatabase database) throws SQLException {
    Connection connection = database.connectAsAdministrator();
    try (Statement statement = connection.createStatement()) {
      statement.execute("set role " + ROLE);
    }
    connection.setAutoCommit(false);
    return connection;
  }

  /** Writes until stopped. */
  static Writers start(OutboxDatabase database, EventStatement event) {
    Writers writers = new Writers(database, event);
    for (int thread = 0; thread < THREADS; thread++) {
      int number = thread;
      writers.running.add(
          writers.threads.submit(
              () -> {
                writers.write(number);
                return null;
              }));
    }
    return writers;
  }

  /** How many events are committed. */
  int events() {
    return events.get();
  }

  /** Writes no more; the IDs of all events by aggregate, in the order of their commits. */
  Map<String, List<String>> stop() throws InterruptedException, ExecutionException {
    stopped.countDown();
    for (Future<?> thread : running) {
      thread.get();
    }
    return Map.copyOf(committed);
  }

  private void write(int thread) throws SQLException, InterruptedException {
    try (Connection connection = connect(database)) {
      int transaction = 0;
      do {
        transaction++;
        String key = "key-" + thread + "-" + transaction % KEYS_EACH;
        List<String> ids = new ArrayList<>();
        changeBusiness(connection, key);
        for (int i = 0; i < 1 + transaction % 3; i++) {
          UUID id = UUID.randomUUID();
          event.write(connection, id, key);
          ids.add(id.toString());
        }
        connection.commit();
        committed.computeIfAbsent(key, unused -> new ArrayList<>()).addAll(ids);
        events.addAndGet(ids.size());
      } while (!stopped.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
    }
  }

  /** Before its event, as services do. */
  static void changeBusiness(Connection connection, String what) throws SQLException {
    try (var statement = connection.prepareStatement("insert into business values (?)")) {
      statement.setString(1, what);
      statement.executeUpdate();
    }
  }

  @Override
  public void close() {
    stopped.countDown();
    threads.shutdownNow();
  }
}
