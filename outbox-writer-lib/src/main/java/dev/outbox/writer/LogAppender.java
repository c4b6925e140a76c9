package dev.outbox.writer;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Writes events as transactional logical messages. The content is one line of JSON, and behind it
 * the payload as it is, unless there is none; {@code docs/writing-events.md} shows it to those who
 * write it without this library.
 */
final class LogAppender implements EventAppender {

  /**
   * The table's own name is the address, so that it is found, or missed, like that of an insert.
   * What would stop an insert but not a message is asked in the same round trip: a read-only
   * transaction, and a log that nobody can decode. json, unlike jsonb, leaves headers in order.
   */
  private static final String EMIT =
      """
      select min(wal_level), min(read_only),
        count(case when wal_level = 'logical' and read_only = 'off'
          then pg_logical_emit_message(true, 'outbox', content) end)
      from (
        select current_setting('wal_level') as wal_level,
          current_setting('transaction_read_only') as read_only,
          convert_to(json_build_object('outbox', address, 'id', id,
            'aggregatetype', aggregatetype, 'aggregateid', aggregateid, 'type', type,
            'headers', headers::json)::text, 'UTF8')
            || coalesce(convert_to(E'\\n', 'UTF8') || payload, '') as content
        from %s,
          (select nspname || '.' || relname as address
            from pg_catalog.pg_class join pg_catalog.pg_namespace n on n.oid = relnamespace
            where pg_class.oid = cast(? as regclass)) as outbox
        order by position) as message"""
          .formatted(EventArrays.ROWS);

  private final OutboxTable table;
  private final String name;

  /**
   * @param table the address
   * @param name the outbox's name in messages
   */
  LogAppender(OutboxTable table, String name) {
    this.table = table;
    this.name = name;
  }

  @Override
  public List<AppendResult> append(Connection connection, List<OutboxEvent> events)
      throws SQLException {
    Map<UUID, OutboxEvent> first = new LinkedHashMap<>();
    events.forEach(event -> first.putIfAbsent(event.id(), event));
    emit(connection, new ArrayList<>(first.values()));
    return EventAppender.results(events, new LinkedHashSet<>(first.keySet()));
  }

  private void emit(Connection connection, List<OutboxEvent> events) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(EMIT);
        EventArrays bound = EventArrays.bind(statement, events)) {
      statement.setString(EventArrays.NEXT_PARAMETER, table.quoted());
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        WalLevelException.throwUnlessLogical(row.getString(1), name);
        if (!row.getString(2).equals("off")) {
          throw new ReadOnlyTransactionException(
              "Cannot append to the "
                  + name
                  + ": the transaction is read-only. Begin it as read-write.");
        }
      }
    }
  }
}
