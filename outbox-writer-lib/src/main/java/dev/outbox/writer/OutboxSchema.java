package dev.outbox.writer;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * Creates the outbox table and checks that it is fit to be written to. Meant for the start of an
 * application; several instances may do so at once.
 *
 * <pre>{@code
 * OutboxSchema schema = OutboxSchema.of(OutboxTable.DEFAULT);
 * schema.migrate(dataSource); // or apply docs/sql/outbox_event.sql by hand
 * schema.check(dataSource);
 * }</pre>
 */
public final class OutboxSchema {

  private final JdbcOutbox outbox;
  private final OutboxTable table;

  private OutboxSchema(JdbcOutbox outbox) {
    this.outbox = outbox;
    this.table = outbox.table();
  }

  /** The schema of the outbox in this table. */
  public static OutboxSchema of(OutboxTable table) {
    return of(JdbcOutbox.withTable(table));
  }

  /** What this outbox needs. The log needs the table too, for the relay, but leaves it empty. */
  public static OutboxSchema of(JdbcOutbox outbox) {
    return new OutboxSchema(outbox);
  }

  /**
   * Creates the table by Flyway, or brings it to this version of the library. The history is kept
   * in the library's own table {@code outbox_writer_schema_history} (for a table of another name
   * with {@code _} and that name behind it, or a hash of a long or odd one), so that an
   * application's own Flyway and this one do not see each other, also in one schema. A table made
   * by hand is kept as it is; a missing schema is created.
   *
   * @param dataSource gives connections whose user may create tables; a pool must have room for
   *     three, of which Flyway takes two and the lock that makes other instances wait one
   * @throws OutboxSchemaException when the migration fails
   */
  public void migrate(DataSource dataSource) {
    try {
      FlywayMigration.run(dataSource, table);
    } catch (NoClassDefFoundError e) {
      throw new OutboxSchemaException(
          "Cannot migrate the outbox table "
              + table
              + ": Flyway is not on the class path. Add org.flywaydb:flyway-database-postgresql, or "
              + OutboxSchemaException.MIGRATE_BY_HAND,
          e);
    }
  }

  /**
   * Checks that the table is there and that the connection's user can append to it; for the log,
   * that the table is there and that the server logs logically.
   *
   * @throws OutboxSchemaException naming everything that is missing or wrong, and the remedy
   * @throws WalLevelException when the server would not deliver what is written to the log
   */
  public void check(DataSource dataSource) {
    try (Connection connection = dataSource.getConnection()) {
      check(connection);
    } catch (SQLException e) {
      throw cannotCheck(e);
    }
  }

  /**
   * Like {@link #check(DataSource)}, on a connection of the caller's. Only reads the catalog.
   *
   * @throws OutboxSchemaException naming everything that is missing or wrong, and the remedy
   * @throws WalLevelException when the server would not deliver what is written to the log
   */
  public void check(Connection connection) {
    try {
      TableCheck check = new TableCheck(connection, table);
      switch (outbox.medium()) {
        case TABLE -> check.requireFit();
        case LOG -> {
          check.requireExistence();
          WalLevelException.throwUnlessLogical(check.walLevel(), outbox.toString());
        }
      }
    } catch (SQLException e) {
      throw cannotCheck(e);
    }
  }

  private OutboxSchemaException cannotCheck(SQLException e) {
    return new OutboxSchemaException(
        "Cannot check the outbox table %s: %s".formatted(table, e.getMessage()), e);
  }
}
