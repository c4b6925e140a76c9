package dev.outbox.idempotency.http;

import dev.outbox.idempotency.internal.Migration;
import dev.outbox.idempotency.internal.TableCheck;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/**
 * The table of the keys: made by Flyway, or by hand from {@code docs/sql/idempotency_key.sql}, and
 * checked.
 */
public final class IdempotencySchema {

  /** Apart from the application's own history and the other parts'. */
  static final String HISTORY_TABLE = "outbox_http_schema_history";

  static final String LOCATION = "dev/outbox/idempotency/http/migration";

  private static final String TIME = "timestamp with time zone";

  private static final TableCheck NEEDED =
      new TableCheck(
          Map.ofEntries(
              Map.entry("id", "bytea"),
              Map.entry("tenant", "text"),
              Map.entry("principal", "text"),
              Map.entry("endpoint", "text"),
              Map.entry("request_hash", "bytea"),
              Map.entry("state", "text"),
              Map.entry("fence", "bigint identity"),
              Map.entry("lease_until", TIME),
              Map.entry("step_names", "text[]"),
              Map.entry("step_results", "bytea[]"),
              Map.entry("response_status", "integer"),
              Map.entry("response_headers", "text[]"),
              Map.entry("response_body", "bytea"),
              Map.entry("created_at", TIME),
              Map.entry("expires_at", TIME)),
          List.of("id"),
          List.of("SELECT", "INSERT", "UPDATE", "DELETE"));

  private IdempotencySchema() {}

  /** {@link #migrate(DataSource, IdempotencyTable)} for the default table. */
  public static void migrate(DataSource dataSource) {
    migrate(dataSource, IdempotencyTable.DEFAULT);
  }

  /**
   * Make or upgrade the table; does nothing when it is up to date. Safe from several instances at
   * once. Run it after the application's own migrations: Flyway refuses to begin in a schema that
   * already holds tables.
   *
   * <p>One schema has one history, hence one such table. For a second one use another schema or
   * {@code docs/sql/idempotency_key.sql}.
   *
   * @param dataSource gives connections whose user may create tables; a pool must have room for
   *     three
   * @throws org.flywaydb.core.api.FlywayException when the database refuses
   * @throws IdempotencySchemaException when the table is not usable afterwards
   */
  public static void migrate(DataSource dataSource, IdempotencyTable table) {
    new Migration(
            LOCATION,
            HISTORY_TABLE,
            Map.of("idempotencyTable", table.quoted(), "idempotencyIndex", table.quotedIndex()))
        .run(dataSource, table.schema());
    try {
      check(dataSource, table);
    } catch (SQLException e) {
      throw new IllegalStateException("The database of the idempotency table cannot be asked", e);
    }
  }

  /** {@link #check(DataSource, IdempotencyTable)} for the default table. */
  public static void check(DataSource dataSource) throws SQLException {
    check(dataSource, IdempotencyTable.DEFAULT);
  }

  /**
   * Verify that the table can do its work.
   *
   * @throws IdempotencySchemaException naming everything that is missing, and how to add it
   * @throws SQLException when the database cannot be asked
   */
  public static void check(DataSource dataSource, IdempotencyTable table) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      report(table, NEEDED.missing(connection, table.quoted()));
    }
  }

  private static void report(IdempotencyTable table, List<String> missing) {
    if (!missing.isEmpty()) {
      throw new IdempotencySchemaException(
          "The idempotency table %s lacks: %s. Call IdempotencySchema.migrate(dataSource, table)"
                  .formatted(table.quoted(), String.join("; ", missing))
              + " (with Spring: outbox.idempotency.migrate=true), or run"
              + " docs/sql/idempotency_key.sql by hand.");
    }
  }
}
