package dev.outbox.writer.test;

import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxTable;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Makes events of rows. PostgreSQL takes the headers' JSON apart. */
final class TableReader {

  private static final String SELECT =
      """
      select id, aggregatetype, aggregateid, type, payload,
        array(select name from json_each_text(headers::json)
          with ordinality as header (name, value, number) order by number) as names,
        array(select value from json_each_text(headers::json)
          with ordinality as header (name, value, number) order by number) as values
      from %s
      where %s
      order by seq""";

  /**
   * A visible row whose writing transaction is still running can only be this connection's. By
   * status, because after a savepoint rows bear the number of a subtransaction.
   */
  private static final String OF_CURRENT_TRANSACTION =
      "pg_xact_status(greatest(3, pg_current_xact_id()::text::bigint - age(xmin))::text::xid8)"
          + " = 'in progress'";

  private TableReader() {}

  static List<OutboxEvent> all(Connection connection, OutboxTable table) throws SQLException {
    return read(connection, table, "true");
  }

  static List<OutboxEvent> ofCurrentTransaction(Connection connection, OutboxTable table)
      throws SQLException {
    return read(connection, table, OF_CURRENT_TRANSACTION);
  }

  private static List<OutboxEvent> read(Connection connection, OutboxTable table, String condition)
      throws SQLException {
    String sql = SELECT.formatted(table.quoted(), condition);
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet rows = statement.executeQuery()) {
      List<OutboxEvent> events = new ArrayList<>();
      while (rows.next()) {
        events.add(event(rows));
      }
      return events;
    }
  }

  private static OutboxEvent event(ResultSet row) throws SQLException {
    return withPayload(row)
        .withId(row.getObject("id", UUID.class))
        .withHeaders(headers(row.getArray("names"), row.getArray("values")));
  }

  private static OutboxEvent withPayload(ResultSet row) throws SQLException {
    String aggregateType = row.getString("aggregatetype");
    String aggregateId = row.getString("aggregateid");
    String type = row.getString("type");
    byte @Nullable [] payload = row.getBytes("payload");
    return payload == null
        ? OutboxEvent.tombstone(aggregateType, aggregateId, type)
        : OutboxEvent.of(aggregateType, aggregateId, type, payload);
  }

  private static Map<String, String> headers(Array names, Array values) throws SQLException {
    String[] name = (String[]) names.getArray();
    String[] value = (String[]) values.getArray();
    Map<String, String> headers = new LinkedHashMap<>();
    for (int i = 0; i < name.length; i++) {
      headers.put(name[i], value[i]);
    }
    return headers;
  }
}
