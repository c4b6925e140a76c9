package dev.outbox.idempotency.jobs;

import dev.outbox.idempotency.internal.Migration;
import dev.outbox.idempotency.internal.TableCheck;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/**
 * The table of the jobs: made by Flyway, or by hand from {@code docs/sql/durable_job.sql}, and
 * checked.
 */
public final class JobSchema {

  /** Apart from the application's own history, so that neither sees the other's migrations. */
  static final String HISTORY_TABLE = "outbox_jobs_schema_history";

  static final String LOCATION = "dev/outbox/idempotency/jobs/migration";

  private static final TableCheck NEEDED =
      new TableCheck(
          Map.ofEntries(
              Map.entry("id", "bigint identity"),
              Map.entry("recipient", "text"),
              Map.entry("type", "text"),
              Map.entry("business_id", "text"),
              Map.entry("payload", "bytea"),
              Map.entry("state", "text"),
              Map.entry("attempts", "integer"),
              Map.entry("fence", "bigint"),
              Map.entry("due_at", "timestamp with time zone"),
              Map.entry("finished_at", "timestamp with time zone"),
              Map.entry("reason", "text")),
          List.of("recipient", "type", "business_id"),
          List.of("SELECT", "INSERT", "UPDATE", "DELETE"));

  private JobSchema() {}

  /** {@link #migrate(DataSource, JobTable)} for the default table. */
  public static void migrate(DataSource dataSource) {
    migrate(dataSource, JobTable.DEFAULT);
  }

  /**
   * Make or upgrade the table; does nothing when it is up to date. Safe from several instances at
   * once. Run it after the application's own migrations. One schema has one history, hence one job
   * table made this way.
   *
   * @param dataSource gives connections whose user may create tables; a pool must have room for
   *     three
   * @throws org.flywaydb.core.api.FlywayException when the database refuses
   * @throws JobSchemaException when the table is not usable afterwards
   */
  public static void migrate(DataSource dataSource, JobTable table) {
    new Migration(LOCATION, HISTORY_TABLE, Map.of("jobTable", table.quoted()))
        .run(dataSource, table.schema());
    try {
      check(dataSource, table);
    } catch (SQLException e) {
      throw new IllegalStateException("The database of the job table cannot be asked", e);
    }
  }

  /** {@link #check(DataSource, JobTable)} for the default table. */
  public static void check(DataSource dataSource) throws SQLException {
    check(dataSource, JobTable.DEFAULT);
  }

  /**
   * Verify that the table can do its work.
   *
   * @throws JobSchemaException naming everything that is missing, and how to add it
   * @throws SQLException when the database cannot be asked
   */
  public static void check(DataSource dataSource, JobTable table) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      check(connection, table);
    }
  }

  static void check(Connection connection, JobTable table) throws SQLException {
    List<String> missing = NEEDED.missing(connection, table.quoted());
    if (!missing.isEmpty()) {
      throw new JobSchemaException(
          "The job table %s lacks: %s. Call JobSchema.migrate(dataSource, table) (with Spring:"
                  .formatted(table.quoted(), String.join("; ", missing))
              + " outbox.jobs.migrate=true), or run docs/sql/durable_job.sql by hand.");
    }
  }
}
