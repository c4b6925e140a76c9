package dev.outbox.writer;

import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Events as the first parameters of a statement, an array for each field. The statement's text is
 * the same for any number of events, so that driver and server reuse one prepared statement.
 */
final class EventArrays implements AutoCloseable {

  /** The source of rows that such a statement reads its parameters as. */
  static final String ROWS =
      """
      unnest(?::uuid[], ?::text[], ?::text[], ?::text[], ?::bytea[], ?::text[])
        with ordinality as event (id, aggregatetype, aggregateid, type, payload, headers, position)""";

  /** Number of the first parameter behind the events. */
  static final int NEXT_PARAMETER = 7;

  private final PreparedStatement statement;
  private final List<Array> bound = new ArrayList<>();

  private EventArrays(PreparedStatement statement) {
    this.statement = statement;
  }

  /** Binds the events; to be closed when the statement has been executed. */
  static EventArrays bind(PreparedStatement statement, List<OutboxEvent> events)
      throws SQLException {
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
    EventArrays arrays = new EventArrays(statement);
    try {
      arrays.bind("uuid", ids);
      arrays.bind("text", aggregateTypes);
      arrays.bind("text", aggregateIds);
      arrays.bind("text", types);
      arrays.bind("bytea", payloads);
      arrays.bind("text", headers);
      return arrays;
    } catch (SQLException | RuntimeException e) {
      arrays.close();
      throw e;
    }
  }

  private void bind(String type, @Nullable Object[] values) throws SQLException {
    Array array = statement.getConnection().createArrayOf(type, values);
    bound.add(array);
    statement.setArray(bound.size(), array);
  }

  @Override
  public void close() throws SQLException {
    for (Array array : bound) {
      array.free();
    }
  }
}
