package dev.outbox.relay.config;

/**
 * A table in a schema, spelled as PostgreSQL stores it.
 *
 * @param schema the schema
 * @param table the table
 */
public record TableName(String schema, String table) {

  /**
   * Takes {@code schema.table} or {@code table} (in schema {@code public}) apart.
   *
   * @throws IllegalArgumentException when it is neither
   */
  static TableName parse(String text) {
    String[] parts = text.split("\\.", -1);
    if (parts.length > 2 || parts[0].isBlank() || parts[parts.length - 1].isBlank()) {
      throw new IllegalArgumentException("not a table name: " + text);
    }
    return parts.length == 1
        ? new TableName("public", parts[0])
        : new TableName(parts[0], parts[1]);
  }

  /** Another table of the same schema. */
  public TableName sibling(String name) {
    return new TableName(schema, name);
  }

  /** The name quoted for use in SQL. */
  public String quoted() {
    return Identifiers.quote(schema) + "." + Identifiers.quote(table);
  }

  /** The name as people write it. */
  @Override
  public String toString() {
    return schema + "." + table;
  }
}
