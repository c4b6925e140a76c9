package dev.outbox.writer;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares the table in the database with what the writer needs. Reads {@code pg_catalog}, because
 * {@code information_schema} hides what the user has no privilege on, and the difference between
 * missing and not permitted is what the reader of the message wants to know.
 */
final class TableCheck {

  private static final String REMEDY_FOR_TABLE =
      "Let the library create it (outbox.writer.migrate=true, or OutboxSchema.migrate), or apply"
          + " docs/sql/outbox_event.sql by hand.";

  /** Teams who move over from Debezium's outbox event router often have varchar columns. */
  private static final Set<String> TEXT = Set.of("text", "character varying");

  private static final List<Requirement> REQUIREMENTS =
      List.of(
          new Requirement(
              "seq",
              "bigint generated always as identity primary key",
              Set.of("bigint"),
              Filling.BY_DATABASE),
          new Requirement("id", "uuid not null unique", Set.of("uuid"), Filling.BY_WRITER),
          new Requirement("aggregatetype", "text not null", TEXT, Filling.BY_WRITER),
          new Requirement("aggregateid", "text not null", TEXT, Filling.BY_WRITER),
          new Requirement("type", "text not null", TEXT, Filling.BY_WRITER),
          new Requirement("payload", "bytea", Set.of("bytea"), Filling.BY_WRITER_OR_NULL),
          new Requirement("headers", "text", TEXT, Filling.BY_WRITER_OR_NULL),
          new Requirement(
              "created_at",
              "timestamptz not null default now()",
              Set.of("timestamp with time zone"),
              Filling.BY_DATABASE));

  private enum Filling {
    BY_WRITER,
    BY_WRITER_OR_NULL,
    BY_DATABASE
  }

  private record Requirement(
      String column, String definition, Set<String> types, Filling filling) {}

  private record Column(
      String name,
      String type,
      boolean notNull,
      boolean filledByDatabase,
      boolean insertable,
      boolean selectable,
      boolean unique) {}

  private final Connection connection;
  private final OutboxTable table;
  private final List<String> defects = new ArrayList<>();

  TableCheck(Connection connection, OutboxTable table) {
    this.connection = connection;
    this.table = table;
  }

  /** All that an insert needs. */
  void requireFit() throws SQLException {
    Map<String, Column> columns = columns();
    requireExistence(columns);
    for (Requirement requirement : REQUIREMENTS) {
      Column column = columns.remove(requirement.column());
      if (column == null) {
        defects.add(
            "column %s is missing (alter table %s add column %s %s)"
                .formatted(
                    requirement.column(),
                    table.quoted(),
                    requirement.column(),
                    requirement.definition()));
      } else {
        compare(requirement, column);
      }
    }
    columns.values().forEach(this::requireWritableWithout);
    if (!defects.isEmpty()) {
      throw new OutboxSchemaException(
          "The outbox table %s is not fit to be written to: %s. docs/sql/outbox_event.sql shows it as it should be."
              .formatted(table, String.join("; ", defects)),
          null);
    }
  }

  /** That there is such a table at all. */
  void requireExistence() throws SQLException {
    requireExistence(columns());
  }

  private void requireExistence(Map<String, Column> columns) throws SQLException {
    if (columns.isEmpty()) {
      throw new OutboxSchemaException(
          "The outbox table %s does not exist (%s). %s"
              .formatted(table, whereItWasLookedFor(), REMEDY_FOR_TABLE),
          null);
    }
  }

  String walLevel() throws SQLException {
    return text("select current_setting('wal_level')");
  }

  private void compare(Requirement requirement, Column column) {
    String name = column.name();
    if (!requirement.types().contains(column.type())) {
      defects.add(
          "column %s has type %s instead of %s"
              .formatted(name, column.type(), requirement.definition()));
    }
    switch (requirement.filling()) {
      case BY_WRITER -> requireInsertable(column);
      case BY_WRITER_OR_NULL -> {
        requireInsertable(column);
        if (column.notNull()) {
          defects.add(
              "column %s does not allow null (alter table %s alter column %s drop not null)"
                  .formatted(name, table.quoted(), name));
        }
      }
      case BY_DATABASE -> {
        if (!column.filledByDatabase()) {
          defects.add(
              "column %s is not filled by the database (it should be %s)"
                  .formatted(name, requirement.definition()));
        }
      }
    }
    if (name.equals("id")) {
      requireConflictTarget(column);
    }
  }

  private void requireInsertable(Column column) {
    if (!column.insertable()) {
      defects.add(
          "the user may not insert column %s (grant select, insert on %s)"
              .formatted(column.name(), table.quoted()));
    }
  }

  /** What {@code on conflict (id) do nothing returning id} asks of the column. */
  private void requireConflictTarget(Column id) {
    if (!id.unique()) {
      defects.add(
          "column id is not unique, so that duplicates would not be noticed (alter table %s add unique (id))"
              .formatted(table.quoted()));
    }
    if (!id.selectable()) {
      defects.add(
          "the user may not select column id (grant select, insert on %s)"
              .formatted(table.quoted()));
    }
  }

  private void requireWritableWithout(Column additional) {
    if (additional.notNull() && !additional.filledByDatabase()) {
      defects.add(
          "column %s is unknown to the writer and has neither a default nor allows null"
              .formatted(additional.name()));
    }
  }

  private Map<String, Column> columns() throws SQLException {
    String sql =
        """
        select attname,
          format_type(atttypid, null) as type,
          attnotnull,
          atthasdef or attidentity <> '' as filled_by_database,
          has_column_privilege(attrelid, attnum, 'INSERT') as insertable,
          has_column_privilege(attrelid, attnum, 'SELECT') as selectable,
          exists (
            select from pg_catalog.pg_index
            where indrelid = attrelid and indkey[0] = attnum and indnkeyatts = 1
              and indisunique and indisvalid and indimmediate and indpred is null
          ) as is_unique
        from pg_catalog.pg_attribute
        where attrelid = to_regclass(?) and attnum > 0 and not attisdropped
        order by attnum""";
    Map<String, Column> columns = new LinkedHashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, table.quoted());
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          Column column =
              new Column(
                  rows.getString("attname"),
                  rows.getString("type"),
                  rows.getBoolean("attnotnull"),
                  rows.getBoolean("filled_by_database"),
                  rows.getBoolean("insertable"),
                  rows.getBoolean("selectable"),
                  rows.getBoolean("is_unique"));
          columns.put(column.name(), column);
        }
      }
    }
    return columns;
  }

  private String whereItWasLookedFor() throws SQLException {
    String sql =
        """
        select format('database %s, user %s, search path %s',
          current_database(), current_user, array_to_string(current_schemas(false), ', '))""";
    return text(sql);
  }

  private String text(String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getString(1);
    }
  }
}
