package dev.outbox.writer;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Where the outbox is. Names are taken literally, with their case: {@code Outbox} and {@code
 * outbox} are two tables. They are always quoted in SQL.
 *
 * @param schema the schema, or null for the one that the connection's {@code search_path} yields
 * @param name the table's name without schema
 */
public record OutboxTable(@Nullable String schema, String name) {

  /** The table {@code outbox_event} in the connection's own schema. */
  public static final OutboxTable DEFAULT = new OutboxTable(null, "outbox_event");

  /** PostgreSQL cuts longer identifiers off silently, so that two names could mean one table. */
  private static final int LONGEST_IDENTIFIER_BYTES = 63;

  /**
   * @throws IllegalArgumentException for a name that PostgreSQL cannot hold or that contains a dot
   */
  public OutboxTable {
    if (schema != null) {
      requireIdentifier("schema", schema);
    }
    requireIdentifier("table", name);
  }

  /** A table found through the connection's {@code search_path}. */
  public static OutboxTable named(String name) {
    return new OutboxTable(null, name);
  }

  /** The table of this name in the given schema. */
  public OutboxTable inSchema(String newSchema) {
    return new OutboxTable(newSchema, name);
  }

  private static void requireIdentifier(String field, String value) {
    DatabaseText.requireNonBlank(field, value);
    if (value.indexOf('.') >= 0) {
      throw new IllegalArgumentException(
          field + " '" + value + "' contains a dot; give schema and table separately");
    }
    int bytes = value.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > LONGEST_IDENTIFIER_BYTES) {
      throw new IllegalArgumentException(
          "%s '%s' has %d bytes; PostgreSQL's identifiers have at most %d"
              .formatted(field, value, bytes, LONGEST_IDENTIFIER_BYTES));
    }
  }

  /** Schema, if given, and name, fit to be put into SQL. */
  public String quoted() {
    return schema == null ? quotedName() : quote(schema) + "." + quotedName();
  }

  String quotedName() {
    return quote(name);
  }

  private static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  @Override
  public String toString() {
    return schema == null ? name : schema + "." + name;
  }
}
