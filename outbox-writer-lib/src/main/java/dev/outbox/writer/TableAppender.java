package dev.outbox.writer;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** Writes events as rows of the outbox table; its unique ID says which were there already. */
final class TableAppender implements EventAppender {

  private final String insert;

  TableAppender(OutboxTable table) {
    // The sort makes seq follow the list; without it the order is not promised.
    this.insert =
        """
        insert into %s (id, aggregatetype, aggregateid, type, payload, headers)
        select id, aggregatetype, aggregateid, type, payload, headers
        from %s
        order by position
        on conflict (id) do nothing
        returning id"""
            .formatted(table.quoted(), EventArrays.ROWS);
  }

  @Override
  public List<AppendResult> append(Connection connection, List<OutboxEvent> events)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(insert);
        EventArrays bound = EventArrays.bind(statement, events)) {
      return EventAppender.results(events, insertedIds(statement));
    }
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
}
