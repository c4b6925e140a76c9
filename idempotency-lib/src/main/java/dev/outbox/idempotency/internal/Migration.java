package dev.outbox.idempotency.internal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.configuration.FluentConfiguration;

/**
 * Makes one part's tables by Flyway, under a history of that part's own, so that neither the
 * application nor another part sees these migrations. The only class that knows Flyway.
 *
 * @param location where the scripts are on the class path
 * @param history the table of their history; a part has one in each schema
 * @param placeholders what stands for names in the scripts
 */
public record Migration(String location, String history, Map<String, String> placeholders) {

  /** "outbox_i" in ASCII; advisory locks are apart by database. */
  private static final long LOCK = 0x6f7574626f785f69L;

  /**
   * Make or upgrade the tables; does nothing when they are up to date. Safe from several instances
   * at once.
   *
   * @param dataSource gives connections whose user may create tables; a pool must have room for
   *     three, of which Flyway takes two and the lock that makes other instances wait one
   * @param schema where the tables are; empty for the first one of the search path
   * @throws org.flywaydb.core.api.FlywayException when the database refuses
   */
  public void run(DataSource dataSource, Optional<String> schema) {
    FluentConfiguration configuration =
        Flyway.configure(Migration.class.getClassLoader())
            .dataSource(dataSource)
            .locations("classpath:" + location)
            .failOnMissingLocations(true)
            .table(history)
            .placeholders(placeholders)
            // The schema usually holds the application's tables already, which says nothing about
            // ours: baseline below version 1, so that all of our migrations still run.
            .baselineOnMigrate(true)
            .baselineVersion("0");
    schema.ifPresent(name -> configuration.defaultSchema(name).schemas(name));
    try (Connection guard = dataSource.getConnection()) {
      awaitOtherInstances(guard);
      configuration.load().migrate();
      guard.rollback();
    } catch (SQLException e) {
      throw new IllegalStateException("The database of " + location + " cannot be asked", e);
    }
  }

  /**
   * Flyway's own lock does not cover the creation of its history: of several instances that start
   * in a new database, one may find the history of another without its first row, and fail. This
   * lock ends with the transaction, so that it works behind a transaction pooler too.
   */
  public static void awaitOtherInstances(Connection guard) throws SQLException {
    guard.setAutoCommit(false);
    try (PreparedStatement lock =
        guard.prepareStatement("select pg_advisory_xact_lock(" + LOCK + ")")) {
      lock.execute();
    }
  }
}
