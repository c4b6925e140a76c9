package dev.outbox.idempotency.internal;

import java.nio.charset.StandardCharsets;

/** Names of schemas and tables, as they are given and as they stand in SQL. */
public final class SqlIdentifier {

  /** PostgreSQL cuts longer names off silently, and two that differ at the end become one. */
  private static final int LONGEST = 63;

  private SqlIdentifier() {}

  /** The name between quotes, so that no name can become a statement. */
  public static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }

  /**
   * Refuse what PostgreSQL would not take as it is.
   *
   * @param what the kind of the name, for the message
   * @throws IllegalArgumentException when it is blank, contains NUL, or is longer than 63 bytes
   */
  public static void check(String what, String identifier) {
    if (identifier.isBlank() || identifier.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(what + " is blank or contains NUL");
    }
    if (identifier.getBytes(StandardCharsets.UTF_8).length > LONGEST) {
      throw new IllegalArgumentException(
          "%s '%s' is longer than PostgreSQL's %d bytes".formatted(what, identifier, LONGEST));
    }
  }
}
