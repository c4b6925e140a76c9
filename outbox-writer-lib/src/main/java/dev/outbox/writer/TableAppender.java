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

  private static final String COLUMNS = "id, aggregatetype, aggregateid, type, payload, headers";

  private final String insertOne;
  private final String insertAll;

  TableAppender(OutboxTable table) {
    String insert = "insert into %s (%s)%n".formatted(table.quoted(), COLUMNS);
    String unlessThere =
        """

        on conflict (id) do nothing
        returning id""";
    // Most transactions have one event, and for one the arrays take longer than the insert itself.
    this.insertOne = insert + "values (?, ?, ?, ?, ?, ?)" + unlessThere;
    // The sort makes seq follow the list; without it the order is not promised.
    this.insertAll =
        insert
            + "select %s from %s order by position".formatted(COLUMNS, EventArrays.ROWS)
            + unlessThere;
  }

  @Override
  public List<AppendResult> append(Connection connection, List<OutboxEvent> events)
      throws SQLException {
    return EventAppender.results(
        events,
        events.size() == 1 ? insertOne(connection, events.get(0)) : insertAll(connection, events));
  }

  private Set<UUID> insertOne(Connection connection, OutboxEvent event) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(insertOne)) {
      statement.setObject(1, event.id());
      statement.setString(2, event.aggregateType());
      statement.setString(3, event.aggregateId());
      statement.setString(4, event.type());
      statement.setBytes(5, event.payloadUncopied());
      statement.setString(6, HeadersJson.encode(event.headers()));
      return insertedIds(statement);
    }
  }

  private Set<UUID> insertAll(Connection connection, List<OutboxEvent> events) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(insertAll);
        EventArrays bound = EventArrays.bind(statement, events)) {
      return insertedIds(statement);
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
