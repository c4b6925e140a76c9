package dev.outbox.writer;

import java.nio.charset.StandardCharsets;
import java.util.Map;
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

  /** PostgreSQL's 63 bytes less the history's name, an underscore and Flyway's suffix "_s_idx". */
  private static final int LONGEST_OTHER_TABLE_BYTES = 63 - HISTORY.length() - 1 - 6;

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
    try {
      configuration.load().migrate();
    } catch (FlywayException e) {
      throw new OutboxSchemaException(
          "Cannot migrate the outbox table "
              + table
              + ". Give the database user the right to create it, or "
              + OutboxSchemaException.MIGRATE_BY_HAND
              + " Flyway says: "
              + e.getMessage(),
          e);
    }
  }

  /** One history per table, because two outboxes in one schema are migrated independently. */
  private static String historyOf(OutboxTable table) {
    String name = table.name();
    if (name.equals(OutboxTable.DEFAULT.name())) {
      return HISTORY;
    }
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > LONGEST_OTHER_TABLE_BYTES) {
      throw new OutboxSchemaException(
          "Cannot migrate the outbox table %s: its name has %d bytes, but behind %s_ in the name of its history table there is room for %d. Choose a shorter name, or "
                  .formatted(table, bytes, HISTORY, LONGEST_OTHER_TABLE_BYTES)
              + OutboxSchemaException.MIGRATE_BY_HAND,
          null);
    }
    return HISTORY + "_" + name;
  }
}
