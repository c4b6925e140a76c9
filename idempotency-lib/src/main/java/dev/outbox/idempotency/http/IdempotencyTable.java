package dev.outbox.idempotency.http;

import dev.outbox.idempotency.internal.SqlIdentifier;
import java.util.Optional;

/**
 * Where the records are kept.
 *
 * @param schema the schema, or empty for the first one of the connection's {@code search_path}
 * @param name the table, exactly as PostgreSQL stores it: case counts, quoting is done here
 * @throws IllegalArgumentException when a name is blank, contains NUL, or is too long for
 *     PostgreSQL, the table's with room for the name of its index
 */
public record IdempotencyTable(Optional<String> schema, String name) {

  /** The name used when none is given: {@code idempotency_key}. */
  public static final String DEFAULT_NAME = "idempotency_key";

  /** {@code idempotency_key} in the connection's own schema. */
  public static final IdempotencyTable DEFAULT =
      new IdempotencyTable(Optional.empty(), DEFAULT_NAME);

  public IdempotencyTable {
    schema.ifPresent(s -> SqlIdentifier.check("idempotency schema", s));
    SqlIdentifier.check("index of the idempotency table", indexName(name));
  }

  /** A table of this name in the connection's own schema. */
  public static IdempotencyTable named(String name) {
    return new IdempotencyTable(Optional.empty(), name);
  }

  /** A table of this name in this schema. */
  public static IdempotencyTable in(String schema, String name) {
    return new IdempotencyTable(Optional.of(schema), name);
  }

  /** The name as it stands in SQL, each part quoted, so that no name can become a statement. */
  String quoted() {
    return schema.map(s -> SqlIdentifier.quote(s) + ".").orElse("") + SqlIdentifier.quote(name);
  }

  String quotedIndex() {
    return SqlIdentifier.quote(indexName(name));
  }

  private static String indexName(String table) {
    return table.isBlank() ? table : table + "_expires_at";
  }
}
