package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.internal.Migration;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.sql.DataSource;

/**
 * The tables of the inbox: made by Flyway, or by hand from {@code docs/sql}, and checked. The
 * markers' table is always needed, the others by runners that use them.
 */
public final class InboxSchema {

  /** Apart from the application's own history, so that neither sees the other's migrations. */
  static final String HISTORY_TABLE = "outbox_idempotency_schema_history";

  static final String LOCATION = "dev/outbox/idempotency/inbox/migration";

  /**
   * A table without the unique index accepts every marker: repeats would pass as new in silence. So
   * the check asks for the index and not for the table alone.
   */
  private static final String FINDINGS =
      """
      with inbox as (select to_regclass(?::text) as oid)
      select
        inbox.oid is not null,
        exists (
          select from pg_attribute a
          where a.attrelid = inbox.oid and a.attname = 'processed_at' and not a.attisdropped),
        3 = (
          select count(*) from pg_attribute a
          where a.attrelid = inbox.oid and not a.attisdropped
            and a.attname in ('consumer', 'source', 'event_id')
            and a.atttypid in ('text'::regtype, 'varchar'::regtype)),
        exists (
          select from pg_index i
          where i.indrelid = inbox.oid and i.indisunique and i.indisvalid and i.indpred is null
            and i.indnkeyatts = 3
            and (select array_agg(a.attname::text order by a.attname)
                 from pg_attribute a
                 where a.attrelid = i.indrelid and a.attnum = any (i.indkey))
                = array['consumer', 'event_id', 'source']),
        coalesce(has_table_privilege(inbox.oid, 'insert'), false)
          and coalesce(has_table_privilege(inbox.oid, 'select'), false)
      from inbox
      """;

  private static final List<String> PROMISES =
      List.of(
          "the table itself",
          "the column processed_at",
          "the columns consumer, source and event_id of type text",
          "a primary key or unique index over exactly (consumer, source, event_id)",
          "the privileges INSERT and SELECT for the connection's user");

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
        Map.of("inboxTable", table.quoted(), "positionTable", table.positions().quoted());
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
    TableCheck.positions(table).run(connection);
  }

  static void check(Connection connection, InboxTable table) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(FINDINGS)) {
      query.setString(1, table.quoted());
      try (ResultSet findings = query.executeQuery()) {
        findings.next();
        boolean[] kept = new boolean[PROMISES.size()];
        for (int i = 0; i < kept.length; i++) {
          kept[i] = findings.getBoolean(i + 1);
        }
        report(table, kept);
      }
    }
  }

  private static void report(InboxTable table, boolean[] kept) {
    List<String> missing =
        kept[0]
            ? Stream.iterate(1, i -> i < kept.length, i -> i + 1)
                .filter(i -> !kept[i])
                .map(PROMISES::get)
                .toList()
            : List.of(PROMISES.get(0));
    if (!missing.isEmpty()) {
      throw new InboxSchemaException(
          "The inbox table %s lacks: %s. Call InboxSchema.migrate(dataSource, table) (with Spring:"
                  .formatted(table.quoted(), String.join("; ", missing))
              + " outbox.inbox.migrate=true), or run docs/sql/inbox_event.sql by hand.");
    }
  }
}
