package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.internal.Migration;
import dev.outbox.idempotency.internal.TableCheck;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/**
 * The tables of the inbox: made by Flyway, or by hand from {@code docs/sql}, and checked. The
 * markers' table is always needed, the others by runners that use them.
 */
public final class InboxSchema {

  /** Apart from the application's own history, so that neither sees the other's migrations. */
  static final String HISTORY_TABLE = "outbox_idempotency_schema_history";

  private static final String TEXT = "text";
  private static final String INTEGER = "integer";
  private static final String BIGINT = "bigint";
  private static final String TIME = "timestamp with time zone";

  static final String LOCATION = "dev/outbox/idempotency/inbox/migration";

  private static final TableCheck MARKERS =
      new TableCheck(
          Map.of(
              "consumer", TEXT,
              "source", TEXT,
              "event_id", TEXT,
              "processed_at", TIME),
          List.of("consumer", "source", "event_id"),
          List.of("SELECT", "INSERT"));

  private static final TableCheck POSITIONS =
      new TableCheck(
          Map.of(
              "consumer", TEXT,
              "topic", TEXT,
              "partition", INTEGER,
              "source", TEXT,
              "position", TEXT,
              "partitions", INTEGER,
              "updated_at", TIME),
          List.of("consumer", "topic", "partition", "source"),
          List.of("SELECT", "INSERT", "UPDATE"));

  private static final TableCheck DEAD_LETTERS =
      new TableCheck(
          Map.ofEntries(
              Map.entry("consumer", TEXT),
              Map.entry("topic", TEXT),
              Map.entry("partition", INTEGER),
              Map.entry("record_offset", BIGINT),
              Map.entry("key_hash", "bytea"),
              Map.entry("source", TEXT),
              Map.entry("event_id", TEXT),
              Map.entry("reason", TEXT),
              Map.entry("attempts", INTEGER),
              Map.entry("dead_letter_topic", TEXT),
              Map.entry("dead_letter_partition", INTEGER),
              Map.entry("dead_letter_offset", BIGINT),
              Map.entry("dead_at", TIME)),
          List.of("consumer", "topic", "partition", "record_offset"),
          List.of("SELECT", "INSERT", "DELETE"));

  private InboxSchema() {}

  /** {@link #migrate(DataSource, InboxTable)} for the default table. */
  public static void migrate(DataSource dataSource) {
    migrate(dataSource, InboxTable.DEFAULT);
  }

  /**
   * Make or upgrade the table; does nothing when it is up to date. Safe from several instances at
   * once. Run it after the application's own migrations: Flyway refuses to begin in a schema that
   * already holds tables.
   *
   * <p>One schema has one history, hence one inbox table. For a second one use another schema or
   * {@code docs/sql/inbox_event.sql}.
   *
   * @param dataSource gives connections whose user may create tables; a pool must have room for
   *     three, of which Flyway takes two and the lock that makes other instances wait one
   * @throws org.flywaydb.core.api.FlywayException when the database refuses
   * @throws InboxSchemaException when the table is not usable afterwards
   */
  public static void migrate(DataSource dataSource, InboxTable table) {
    Map<String, String> names =
        Map.of(
            "inboxTable", table.quoted(),
            "positionTable", table.positions().quoted(),
            "deadLetterTable", table.deadLetters().quoted(),
            "deadLetterIndex", "inbox_dead_letter_key");
    new Migration(LOCATION, HISTORY_TABLE, names).run(dataSource, table.schema());
    try {
      check(dataSource, table);
    } catch (SQLException e) {
      throw new IllegalStateException("The database of the inbox table cannot be asked", e);
    }
  }

  /** {@link #check(DataSource, InboxTable)} for the default table. */
  public static void check(DataSource dataSource) throws SQLException {
    check(dataSource, InboxTable.DEFAULT);
  }

  /**
   * Verify that the table can do its work.
   *
   * @throws InboxSchemaException naming everything that is missing, and how to add it
   * @throws SQLException when the database cannot be asked
   */
  public static void check(DataSource dataSource, InboxTable table) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      check(connection, table);
    }
  }

  /**
   * Verify that the high-water marks can be kept, for consumers that deduplicate by position; a
   * runner does so at its start.
   *
   * @throws InboxSchemaException naming everything that is missing, and how to add it
   */
  public static void checkPositions(Connection connection, InboxTable table) throws SQLException {
    require(POSITIONS, connection, table.positions(), table.positions().name());
  }

  /**
   * Verify that dead letters can be kept, for consumers whose failure policy has a dead-letter
   * topic; a runner does so at its start.
   *
   * @throws InboxSchemaException naming everything that is missing, and how to add it
   */
  public static void checkDeadLetters(Connection connection, InboxTable table) throws SQLException {
    require(DEAD_LETTERS, connection, table.deadLetters(), table.deadLetters().name());
  }

  static void check(Connection connection, InboxTable table) throws SQLException {
    require(MARKERS, connection, table, InboxTable.DEFAULT_NAME);
  }

  /**
   * @param published name of the file that makes such a table
   */
  private static void require(
      TableCheck needed, Connection connection, InboxTable table, String published)
      throws SQLException {
    List<String> missing = needed.missing(connection, table.quoted());
    if (!missing.isEmpty()) {
      throw new InboxSchemaException(
          "The inbox table %s lacks: %s. Call InboxSchema.migrate(dataSource, table) (with Spring:"
                  .formatted(table.quoted(), String.join("; ", missing))
              + " outbox.inbox.migrate=true), or run docs/sql/%s.sql by hand."
                  .formatted(published));
    }
  }
}
