package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.PostgresServer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;

/** Effects that nothing but the inbox keeps free of repeats, and the markers beside them. */
final class Effects {

  private Effects() {}

  /** A database with the inbox and the table of effects. */
  static TestDatabase withInbox(PostgresServer postgres) throws SQLException {
    TestDatabase database = TestDatabase.withEffects(postgres);
    database.applyPublished("inbox_event", "inbox_position", "inbox_dead_letter");
    return database;
  }

  /** The effects in the order they were applied. */
  static List<String> in(TestDatabase database) throws SQLException {
    return database.query("select event_id from effect order by n");
  }

  static List<String> markers(TestDatabase database) throws SQLException {
    return database.query("select event_id from inbox_event order by event_id");
  }

  static void insert(Connection connection, String eventId) throws SQLException {
    insert(connection, eventId, "", "");
  }

  static void insert(Connection connection, ReceivedEvent event) throws SQLException {
    insert(
        connection,
        event.id(),
        event.key().orElse(""),
        event.payload().map(bytes -> new String(bytes, StandardCharsets.UTF_8)).orElse(""));
  }

  private static void insert(Connection connection, String eventId, String key, String payload)
      throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into effect (event_id, key, payload) values (?, ?, ?)")) {
      insert.setString(1, eventId);
      insert.setString(2, key);
      insert.setString(3, payload);
      insert.execute();
    }
  }
}
