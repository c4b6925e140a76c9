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
 * events and not those at which somebody looked.
 */
final class DemoDatabase implements AutoCloseable {

  static final String NAME = "orders";
  private static final Duration LOOK_EVERY = Duration.ofMillis(5);

  private final Connection connection;

  private DemoDatabase(Connection connection) {
    this.connection = connection;
  }

  /** Creates the database of the order service and connects to it. */
  static DemoDatabase create(PostgresServer server) {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + NAME);
      return new DemoDatabase(server.connect(NAME));
    } catch (SQLException e) {
      throw new DemoException("Cannot create the database " + NAME, e);
    }
  }

  /** A row of the outbox. */
  record OutboxRow(long seq, Instant committedAt) {}

  /**
   * What an order did to the stock.
   *
   * @param bookings rows of the ledger, one when all is well
   */
  record Effect(String product, long change, int bookings, Instant committedAt) {}

  Optional<OutboxRow> row(String eventId) {
    return query(
        "select seq, pg_xact_commit_timestamp(xmin) from outbox_event where id = ?::uuid",
        eventId,
        found -> new OutboxRow(found.getLong(1), time(found, 2)));
  }

  /** The effect of an order, as soon as it is there. */
  Optional<Effect> awaitEffect(String orderId, Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    Optional<Effect> effect = effect(orderId);
    while (effect.isEmpty() && System.nanoTime() < deadline) {
      pause();
      effect = effect(orderId);
    }
    return effect;
  }

  Optional<Effect> effect(String orderId) {
    return query(
        """
        select min(product_id), sum(change), count(*), max(pg_xact_commit_timestamp(xmin))
        from stock_ledger where order_id::text = ? having count(*) > 0
        """,
        orderId,
        found -> new Effect(found.getString(1), found.getLong(2), found.getInt(3), time(found, 4)));
  }

  private <T> Optional<T> query(String sql, String parameter, RowReader<T> reader) {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, parameter);
      try (ResultSet found = statement.executeQuery()) {
        return found.next() ? Optional.of(reader.read(found)) : Optional.empty();
      }
    } catch (SQLException e) {
      throw new DemoException("PostgreSQL does not answer: " + e.getMessage(), e);
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
      throw new DemoException("Interrupted while waiting for an effect", e);
    }
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
