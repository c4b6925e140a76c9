package dev.outbox.local.demo;

import dev.outbox.local.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What the database knows of an event: its row and its effect, each with the time of its commit,
 * which PostgreSQL keeps when {@code track_commit_timestamp} is on. So the times are those of the
 * events and not those at which somebody looked. When the server is restarted it connects anew. For
 * one thread, apart from {@link #close}.
 */
final class DemoDatabase implements AutoCloseable {

  static final String NAME = "orders";
  private static final Duration LOOK_EVERY = Duration.ofMillis(5);

  private static final Duration RESTART_LIMIT = Duration.ofSeconds(60);

  private final PostgresServer server;
  private volatile Connection connection;
  private volatile boolean closed;
  private long connectedAt;

  private DemoDatabase(PostgresServer server) throws SQLException {
    this.server = server;
    this.connection = server.connect(NAME);
    this.connectedAt = System.nanoTime();
  }

  /** Creates the database of the order service and connects to it. */
  static DemoDatabase create(PostgresServer server) {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + NAME);
      return new DemoDatabase(server);
    } catch (SQLException e) {
      throw new DemoException("Cannot create the database " + NAME, e);
    }
  }

  /** A row of the outbox. */
  record OutboxRow(long seq, Instant committedAt) {}

  /**
   * What an order did to the stock.
   *
   * @param bookings how often the stock has applied the event, once when all is well
   */
  record Effect(String product, long change, int bookings, Instant committedAt) {}

  Optional<OutboxRow> row(String eventId) {
    return query(
        "select seq, pg_xact_commit_timestamp(xmin) from outbox_event where id = ?::uuid",
        eventId,
        found -> new OutboxRow(found.getLong(1), time(found, 2)));
  }

  /** What a placed order did, as soon as it is there. Time without a database does not count. */
  Optional<Effect> awaitEffect(String eventId, Duration limit) {
    long begun = System.nanoTime();
    Optional<Effect> effect = effect(eventId);
    while (effect.isEmpty() && System.nanoTime() - Math.max(begun, connectedAt) < limit.toNanos()) {
      pause();
      effect = effect(eventId);
    }
    return effect;
  }

  Optional<Effect> effect(String eventId) {
    // The ledger's key would hide a second booking; the rows of "effect" have none.
    return query(
        """
        select min(l.product_id), sum(l.change) / count(distinct e.ctid), count(distinct e.ctid),
          max(pg_xact_commit_timestamp(e.xmin))
        from effect e join stock_ledger l on l.order_id::text = e.aggregate_id and l.kind = 'SOLD'
        where e.consumer = 'stock' and e.event_id = ?::uuid having count(*) > 0
        """,
        eventId,
        found -> new Effect(found.getString(1), found.getLong(2), found.getInt(3), time(found, 4)));
  }

  private <T> Optional<T> query(String sql, String parameter, RowReader<T> reader) {
    try {
      return queryOnce(sql, parameter, reader);
    } catch (SQLException e) {
      if (closed || isValid(connection)) {
        throw new DemoException("PostgreSQL does not answer: " + e.getMessage(), e);
      }
    }
    reconnect();
    return query(sql, parameter, reader);
  }

  private <T> Optional<T> queryOnce(String sql, String parameter, RowReader<T> reader)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, parameter);
      try (ResultSet found = statement.executeQuery()) {
        return found.next() ? Optional.of(reader.read(found)) : Optional.empty();
      }
    }
  }

  private static boolean isValid(Connection connection) {
    try {
      return connection.isValid(1);
    } catch (SQLException e) {
      return false;
    }
  }

  private void reconnect() {
    long deadline = System.nanoTime() + RESTART_LIMIT.toNanos();
    while (true) {
      try {
        connection = server.connect(NAME);
        connectedAt = System.nanoTime();
        return;
      } catch (SQLException e) {
        if (closed || System.nanoTime() > deadline) {
          throw new DemoException(
              "PostgreSQL is away, and not back after %d s: %s"
                  .formatted(RESTART_LIMIT.toSeconds(), e.getMessage()),
              e);
        }
        pause();
      }
    }
  }

  private interface RowReader<T> {
    T read(ResultSet found) throws SQLException;
  }

  private static Instant time(ResultSet found, int column) throws SQLException {
    return found.getObject(column, OffsetDateTime.class).toInstant();
  }

  private static void pause() {
    try {
      TimeUnit.NANOSECONDS.sleep(LOOK_EVERY.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoException("Interrupted while waiting for PostgreSQL", e);
    }
  }

  @Override
  public void close() throws SQLException {
    closed = true;
    connection.close();
  }
}
