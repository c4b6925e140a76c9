package dev.outbox.writer;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

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
public final class JdbcOutbox {

  private final OutboxTable table;
  private final String insert;

  private JdbcOutbox(OutboxTable table) {
    this.table = table;
    // The same text for any number of events, so that driver and server reuse one prepared
    // statement. The sort makes seq follow the list; without it the order is not promised.
    this.insert =
        """
        insert into %s (id, aggregatetype, aggregateid, type, payload, headers)
        select id, aggregatetype, aggregateid, type, payload, headers
        from unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::bytea[], ?::text[])
          with ordinality as event (id, aggregatetype, aggregateid, type, payload, headers, position)
        order by position
        on conflict (id) do nothing
        returning id"""
            .formatted(table.quoted());
  }

  /** The outbox in a table that the connection's {@code search_path} finds. */
  public static JdbcOutbox withTable(String name) {
    return withTable(OutboxTable.named(name));
  }

  /** The outbox in the given table. */
  public static JdbcOutbox withTable(OutboxTable table) {
    return new JdbcOutbox(table);
  }

  /** The table that events are appended to. */
  public OutboxTable table() {
    return table;
  }

  /**
   * A writer that appends on this connection, in the transaction that the caller began on it. It
   * never commits, rolls back or closes. Costs nothing to make; like the connection, for one thread
   * at a time.
   */
  public OutboxWriter writer(Connection connection) {
    return events -> append(connection, events);
  }

  private List<AppendResult> append(Connection connection, List<OutboxEvent> events) {
    try {
      requireWritableTransaction(connection);
      return events.isEmpty() ? List.of() : results(events, insert(connection, events));
    } catch (SQLException e) {
      throw new AppendException(table, e);
    }
  }

  private void requireWritableTransaction(Connection connection) throws SQLException {
    if (connection.getAutoCommit()) {
      throw new NoTransactionException(
          "Cannot append to the outbox table "
              + table
              + ": the connection is in auto-commit mode, so the event would be committed without"
              + " the business change. Call connection.setAutoCommit(false) before the business"
              + " change and connection.commit() after the append.");
    }
    if (connection.isReadOnly()) {
      throw new ReadOnlyTransactionException(
          "Cannot append to the outbox table "
              + table
              + ": the connection is read-only. Begin the transaction as read-write.");
    }
  }

  private Set<UUID> insert(Connection connection, List<OutboxEvent> events) throws SQLException {
    int count = events.size();
    @Nullable Object[] ids = new UUID[count];
    @Nullable Object[] aggregateTypes = new String[count];
    @Nullable Object[] aggregateIds = new String[count];
    @Nullable Object[] types = new String[count];
    @Nullable Object[] payloads = new byte[count][];
    @Nullable Object[] headers = new String[count];
    for (int i = 0; i < count; i++) {
      OutboxEvent event = events.get(i);
      ids[i] = event.id();
      aggregateTypes[i] = event.aggregateType();
      aggregateIds[i] = event.aggregateId();
      types[i] = event.type();
      payloads[i] = event.payloadUncopied();
      headers[i] = HeadersJson.encode(event.headers());
    }
    try (PreparedStatement statement = connection.prepareStatement(insert)) {
      List<Array> arrays = new ArrayList<>();
      try {
        bind(statement, arrays, "uuid", ids);
        bind(statement, arrays, "text", aggregateTypes);
        bind(statement, arrays, "text", aggregateIds);
        bind(statement, arrays, "text", types);
        bind(statement, arrays, "bytea", payloads);
        bind(statement, arrays, "text", headers);
        return insertedIds(statement);
      } finally {
        for (Array array : arrays) {
          array.free();
        }
      }
    }
  }

  private static void bind(
      PreparedStatement statement, List<Array> bound, String type, @Nullable Object[] values)
      throws SQLException {
    Array array = statement.getConnection().createArrayOf(type, values);
    bound.add(array);
    statement.setArray(bound.size(), array);
  }

  private static Set<UUID> insertedIds(PreparedStatement statement) throws SQLException {
    Set<UUID> inserted = new HashSet<>();
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        inserted.add(rows.getObject(1, UUID.class));
      }
    }
    return inserted;
  }

  /** Of an ID that stands in the list twice, the first occurrence is the one that was written. */
  private static List<AppendResult> results(List<OutboxEvent> events, Set<UUID> inserted) {
    List<AppendResult> results = new ArrayList<>(events.size());
    for (OutboxEvent event : events) {
      results.add(new AppendResult(event.id(), inserted.remove(event.id())));
    }
    return List.copyOf(results);
  }
}
