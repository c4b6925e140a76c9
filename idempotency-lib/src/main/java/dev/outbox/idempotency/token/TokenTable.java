package dev.outbox.idempotency.token;

import dev.outbox.idempotency.internal.SqlIdentifier;
import java.util.Optional;

/**
 * Where the tokens are kept.
 *
 * @param schema the schema, or empty for the first one of the connection's {@code search_path}
 * @param name the table, exactly as PostgreSQL stores it: case counts, quoting is done here
 * @throws IllegalArgumentException when a name is blank, contains NUL, or is longer than 63 bytes
 */
public record TokenTable(Optional<String> schema, String name) {

  /** The name used when none is given: {@code one_time_token}. */
  public static final String DEFAULT_NAME = "one_time_token";

  /** {@code one_time_token} in the connection's own schema. */
  public static final TokenTable DEFAULT = new TokenTable(Optional.empty(), DEFAULT_NAME);

  public TokenTable {
    schema.ifPresent(s -> SqlIdentifier.check("token schema", s));
    SqlIdentifier.check("token table", name);
  }

  /** A table of this name in the connection's own schema. */
  public static TokenTable named(String name) {
    return new TokenTable(Optional.empty(), name);
  }

  /** A table of this name in this schema. */
  public static TokenTable in(String schema, String name) {
    return new TokenTable(Optional.of(schema), name);
  }

  /** The name as it stands in SQL, each part quoted, so that no name can become a statement. */
  String quoted() {
    return schema.map(s -> SqlIdentifier.quote(s) + ".").orElse("") + SqlIdentifier.quote(name);
  }
}
