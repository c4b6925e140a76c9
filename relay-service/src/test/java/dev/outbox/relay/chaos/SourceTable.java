package dev.outbox.relay.chaos;

import dev.outbox.relay.support.OutboxDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The outbox table, which decides what was committed, also where a writer could not learn it. For
 * one thread, while nobody writes.
 */
final class SourceTable {

  private final OutboxDatabase database;
  private final Map<String, Long> numbers = new HashMap<>();
  private long lastSeq;
  private long rows;

  SourceTable(OutboxDatabase database) {
    this.database = database;
  }

  /** Rows committed since the last call, in order. */
  List<CommittedEvent> newEvents() throws SQLException {
    List<CommittedEvent> events = new ArrayList<>();
    try (Connection connection = database.connectAsAdministrator();
        PreparedStatement select =
            connection.prepareStatement(
                """
                select seq, id::text, aggregateid,
                  split_part(convert_from(payload, 'UTF8'), ' ', 1)::bigint
                from outbox_event where seq > ? order by seq
                """)) {
      select.setLong(1, lastSeq);
      try (ResultSet result = select.executeQuery()) {
        while (result.next()) {
          lastSeq = result.getLong(1);
          events.add(
              new CommittedEvent(result.getString(2), result.getString(3), result.getLong(4)));
        }
      }
    }
    events.forEach(this::requireInOrder);
    rows += events.size();
    return events;
  }

  /** If the writers did not number in commit order, nothing else could be judged. */
  private void requireInOrder(CommittedEvent event) {
    long expected = numbers.merge(event.key(), 1L, Long::sum);
    if (event.number() != expected) {
      throw new IllegalStateException("%s should have number %d".formatted(event, expected));
    }
  }

  /** Rows so far. */
  long rows() {
    return rows;
  }
}
