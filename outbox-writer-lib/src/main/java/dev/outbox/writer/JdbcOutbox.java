package dev.outbox.writer;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * The outbox for code that holds a JDBC connection itself, be it from plain JDBC, jOOQ, Jdbi or
 * Hibernate's {@code Session.doWork}.
 *
 * <pre>{@code
 * JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");
 *
 * connection.setAutoCommit(false);
 * // … business change …
 * outbox.writer(connection).append(OutboxEvent.of("Order", orderId, "OrderPlaced", json));
 * connection.commit();
 * }</pre>
 *
 * <p>Immutable and safe for use by several threads; make one and keep it. The driver's {@code
 * createArrayOf} must be PostgreSQL's, as it is behind the usual pools.
 */
public final class JdbcOutbox implements Outbox {

  private final OutboxTable table;
  private final Medium medium;
  private final String name;
  private final EventAppender appender;
  private final HeaderSources headers;

  private JdbcOutbox(OutboxTable table, Medium medium, HeaderSources headers) {
    this.table = table;
    this.medium = medium;
    this.headers = headers;
    this.name =
        switch (medium) {
          case TABLE -> "outbox table " + table;
          case LOG -> "log for outbox table " + table;
        };
    this.appender =
        switch (medium) {
          case TABLE -> new TableAppender(table);
          case LOG -> new LogAppender(table, name);
        };
  }

  /** The outbox in a table that the connection's {@code search_path} finds. */
  public static JdbcOutbox withTable(String name) {
    return withTable(OutboxTable.named(name));
  }

  /** The outbox in the given table. */
  public static JdbcOutbox withTable(OutboxTable table) {
    return of(table, Medium.TABLE);
  }

  /** The log as outbox; see {@link #withLog(OutboxTable)}. */
  public static JdbcOutbox withLog(String table) {
    return withLog(OutboxTable.named(table));
  }

  /**
   * The log as outbox: events become logical messages and nothing else. Needs {@code
   * wal_level=logical}; without it appending throws {@link WalLevelException}.
   *
   * @param table the table of the relay that shall publish the events. It must exist, and its name
   *     is the messages' address; nothing is written to it, and no privilege on it is needed
   */
  public static JdbcOutbox withLog(OutboxTable table) {
    return of(table, Medium.LOG);
  }

  /** The outbox on the given medium. */
  public static JdbcOutbox of(OutboxTable table, Medium medium) {
    return of(table, medium, HeaderSources.NONE);
  }

  static JdbcOutbox of(OutboxTable table, Medium medium, HeaderSources headers) {
    return new JdbcOutbox(table, medium, headers);
  }

  /**
   * {@inheritDoc}
   *
   * <pre>{@code
   * JdbcOutbox.withTable("outbox_event").withHeadersFrom(new OpenTelemetryTraceContext())
   * }</pre>
   */
  @Override
  public JdbcOutbox withHeadersFrom(HeaderSource source) {
    return of(table, medium, headers.and(source));
  }

  /** The table that events are appended to, or whose relay they are addressed to. */
  public OutboxTable table() {
    return table;
  }

  /** What carries the events. */
  public Medium medium() {
    return medium;
  }

  @Override
  public OutboxWriter writer(Connection connection) {
    return events -> append(connection, events);
  }

  private List<AppendResult> append(Connection connection, List<OutboxEvent> events) {
    try {
      requireWritableTransaction(connection);
      return events.isEmpty() ? List.of() : appender.append(connection, headers.complete(events));
    } catch (SQLException e) {
      throw new AppendException(this, e);
    }
  }

  private void requireWritableTransaction(Connection connection) throws SQLException {
    if (connection.getAutoCommit()) {
      throw new NoTransactionException(
          "Cannot append to the "
              + this
              + ": the connection is in auto-commit mode, so the event would be committed without"
              + " the business change. Call connection.setAutoCommit(false) before the business"
              + " change and connection.commit() after the append.");
    }
    if (connection.isReadOnly()) {
      throw new ReadOnlyTransactionException(
          "Cannot append to the "
              + this
              + ": the connection is read-only. Begin the transaction as read-write.");
    }
  }

  /** The outbox's name in messages, without article. */
  @Override
  public String toString() {
    return name;
  }
}
