package dev.outbox.idempotency.token;

import dev.outbox.idempotency.internal.Migration;
import dev.outbox.idempotency.internal.TableCheck;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/**
 * The table of the tokens: made by Flyway, or by hand from {@code docs/sql/one_time_token.sql}, and
 * checked.
 */
public final class TokenSchema {

  /** Apart from the application's own history, so that neither sees the other's migrations. */
  static final String HISTORY_TABLE = "outbox_token_schema_history";

  static final String LOCATION = "dev/outbox/idempotency/token/migration";

  private static final TableCheck NEEDED =
      new TableCheck(
          Map.of(
              "hash", "bytea",
              "subject", "text",
              "purpose", "text",
              "expires_at", "timestamp with time zone",
              "spent_at", "timestamp with time zone"),
          List.of("hash"),
          List.of("SELECT", "INSERT", "UPDATE", "DELETE"));

  private TokenSchema() {}

  /** {@link #migrate(DataSource, TokenTable)} for the default table. */
  public static void migrate(DataSource dataSource) {
    migrate(dataSource, TokenTable.DEFAULT);
  }

  /**
   * Make or upgrade the table; does nothing when it is up to date. Safe from several instances at
   * once. Run it after the application's own migrations. One schema has one history, hence one
   * token table made this way.
   *
   * @param dataSource gives connections whose user may create tables; a pool must have room for
   *     three
   * @throws org.flywaydb.core.api.FlywayException when the database refuses
   * @throws TokenSchemaException when the table is not usable afterwards
   */
  public static void migrate(DataSource dataSource, TokenTable table) {
    new Migration(LOCATION, HISTORY_TABLE, Map.of("tokenTable", table.quoted()))
        .run(dataSource, table.schema());
    try {
      check(dataSource, table);
    } catch (SQLException e) {
      throw new IllegalStateException("The database of the token table cannot be asked", e);
    }
  }

  /** {@link #check(DataSource, TokenTable)} for the default table. */
  public static void check(DataSource dataSource) throws SQLException {
    check(dataSource, TokenTable.DEFAULT);
  }

  /**
   * Verify that the table can do its work.
   *
   * @throws TokenSchemaException naming everything that is missing, and how to add it
   * @throws SQLException when the database cannot be asked
   */
  public static void check(DataSource dataSource, TokenTable table) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      check(connection, table);
    }
  }

  static void check(Connection connection, TokenTable table) throws SQLException {
    List<String> missing = NEEDED.missing(connection, table.quoted());
    if (!missing.isEmpty()) {
      throw new TokenSchemaException(
          "The token table %s lacks: %s. Call TokenSchema.migrate(dataSource, table) (with Spring:"
                  .formatted(table.quoted(), String.join("; ", missing))
              + " outbox.token.migrate=true), or run docs/sql/one_time_token.sql by hand.");
    }
  }
}
