package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.internal.SqlIdentifier;
import java.util.Optional;

/**
 * Where the markers are kept. The other tables of the inbox stand in the same schema under names of
 * their own: {@code inbox_position} and {@code inbox_dead_letter}.
 *
 * @param schema the schema, or empty for the first one of the connection's {@code search_path}
 * @param name the table, exactly as PostgreSQL stores it: case counts, quoting is done here
 * @throws IllegalArgumentException when a name is blank, contains NUL, or is longer than 63 bytes
 */
public record InboxTable(Optional<String> schema, String name) {

  /** The name used when none is given: {@code inbox_event}. */
  public static final String DEFAULT_NAME = "inbox_event";

  private static final String POSITIONS_NAME = "inbox_position";

  /** {@code inbox_event} in the connection's own schema. */
  public static final InboxTable DEFAULT = new InboxTable(Optional.empty(), DEFAULT_NAME);

  public InboxTable {
    schema.ifPresent(s -> SqlIdentifier.check("inbox schema", s));
    SqlIdentifier.check("inbox table", name);
  }

  /** A table of this name in the connection's own schema. */
  public static InboxTable named(String name) {
    return new InboxTable(Optional.empty(), name);
  }

  /** A table of this name in this schema. */
  public static InboxTable in(String schema, String name) {
    return new InboxTable(Optional.of(schema), name);
  }

  /** The high-water marks, in the same schema. */
  InboxTable positions() {
    return new InboxTable(schema, POSITIONS_NAME);
  }

  /** The name as it stands in SQL, each part quoted, so that no name can become a statement. */
  String quoted() {
    return schema.map(s -> SqlIdentifier.quote(s) + ".").orElse("") + SqlIdentifier.quote(name);
  }
}
