package dev.outbox.idempotency.http;

import dev.outbox.idempotency.internal.Migration;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
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

  /**
   * Without its unique index the table accepts every claim, and repeats would pass as new in
   * silence. So the check asks for the index and not for the table alone.
   */
  private static final String FINDINGS =
      """
      with keys as (select to_regclass(?::text) as oid),
      expected (name, type) as (values
        ('id', 'bytea'), ('tenant', 'text'), ('principal', 'text'), ('endpoint', 'text'),
        ('request_hash', 'bytea'), ('state', 'text'), ('fence', 'bigint'),
        ('lease_until', 'timestamp with time zone'), ('step_names', 'text[]'),
        ('step_results', 'bytea[]'), ('response_status', 'integer'),
        ('response_headers', 'text[]'), ('response_body', 'bytea'),
        ('created_at', 'timestamp with time zone'), ('expires_at', 'timestamp with time zone'))
      select
        keys.oid is not null,
        (select string_agg('the column ' || e.name || ' of type ' || e.type, '; ')
         from expected e
         where not exists (
           select from pg_attribute a
           where a.attrelid = keys.oid and a.attname = e.name and not a.attisdropped
             and format_type(a.atttypid, null) = e.type)),
        exists (
          select from pg_attribute a
          where a.attrelid = keys.oid and a.attname = 'fence' and a.attidentity <> ''),
        exists (
          select from pg_index i
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
          where i.indrelid = keys.oid and i.indisunique and i.indisvalid and i.indpred is null
            and i.indnkeyatts = 1 and a.attname = 'id'),
        coalesce(has_table_privilege(keys.oid, 'select'), false)
          and coalesce(has_table_privilege(keys.oid, 'insert'), false)
          and coalesce(has_table_privilege(keys.oid, 'update'), false)
          and coalesce(has_table_privilege(keys.oid, 'delete'), false)
      from keys
      """;

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
    try (Connection connection = dataSource.getConnection();
        PreparedStatement query = connection.prepareStatement(FINDINGS)) {
      query.setString(1, table.quoted());
      try (ResultSet findings = query.executeQuery()) {
        findings.next();
        report(table, missing(findings));
      }
    }
  }

  private static List<String> missing(ResultSet findings) throws SQLException {
    if (!findings.getBoolean(1)) {
      return List.of("the table itself");
    }
    List<String> missing = new ArrayList<>();
    String columns = findings.getString(2);
    if (columns != null) {
      missing.add(columns);
    }
    if (!findings.getBoolean(3)) {
      missing.add("an identity on the column fence");
    }
    if (!findings.getBoolean(4)) {
      missing.add("a primary key or unique index over exactly (id)");
    }
    if (!findings.getBoolean(5)) {
      missing.add("the privileges SELECT, INSERT, UPDATE and DELETE for the connection's user");
    }
    return missing;
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
