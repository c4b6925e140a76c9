package dev.outbox.writer;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Map;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.configuration.FluentConfiguration;

/**
 * The only class that knows Flyway, so that teams who migrate by hand may exclude Flyway from their
 * dependencies.
 */
final class FlywayMigration {

  private static final String HISTORY = "outbox_writer_schema_history";

  /** 28 bytes are PostgreSQL's 63 less the history's name, an underscore and Flyway's "_s_idx". */
  private static final Pattern READABLE = Pattern.compile("[A-Za-z0-9_ -]{1,28}");

  /** "outbox_w" in ASCII; advisory locks are apart by database. */
  private static final long LOCK = 0x6f7574626f785f77L;

  private FlywayMigration() {}

  static void run(DataSource dataSource, OutboxTable table) {
    FluentConfiguration configuration =
        Flyway.configure(FlywayMigration.class.getClassLoader())
            .dataSource(dataSource)
            .locations("classpath:dev/outbox/writer/migration")
            .failOnMissingLocations(true)
            .table(historyOf(table))
            // The schema usually holds the application's tables already, which says nothing about
            // ours: baseline below version 1, so that all of our migrations still run.
            .baselineOnMigrate(true)
            .baselineVersion("0")
            .placeholders(Map.of("table", table.quotedName()));
    if (table.schema() != null) {
      configuration.schemas(table.schema());
    }
    try (Connection guard = dataSource.getConnection()) {
      awaitOtherInstances(guard);
      configuration.load().migrate();
      guard.rollback();
    } catch (FlywayException | SQLException e) {
      throw new OutboxSchemaException(
          "Cannot migrate the outbox table "
              + table
              + ". Give the database user the right to create it, or "
              + OutboxSchemaException.MIGRATE_BY_HAND
              + " The cause: "
              + e.getMessage(),
          e);
    }
  }

  /**
   * Flyway's own lock does not cover the creation of its history: of several instances that start
   * in a new database, one may find the history of another without its first row, and fail. This
   * lock ends with the transaction, so that it works behind a transaction pooler too.
   */
  static void awaitOtherInstances(Connection guard) throws SQLException {
    guard.setAutoCommit(false);
    try (PreparedStatement lock =
        guard.prepareStatement("select pg_advisory_xact_lock(" + LOCK + ")")) {
      lock.execute();
    }
  }

  /**
   * One history per table, because two outboxes in one schema are migrated independently. Flyway
   * does not escape quotes when it names the history's index, and PostgreSQL would cut a long name
   * off; a hash stands for such names.
   */
  private static String historyOf(OutboxTable table) {
    String name = table.name();
    if (name.equals(OutboxTable.DEFAULT.name())) {
      return HISTORY;
    }
    return HISTORY + "_" + (READABLE.matcher(name).matches() ? name : hash(name));
  }

  private static String hash(String name) {
    return String.format("%08x", name.hashCode());
  }
}
