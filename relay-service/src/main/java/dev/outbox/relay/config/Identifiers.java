package dev.outbox.relay.config;

/** SQL identifiers. */
public final class Identifiers {

  private Identifiers() {}

  /** The identifier in double quotes, so that it means exactly itself whatever it contains. */
  public static String quote(String identifier) {
    return '"' + identifier.replace("\"", "\"\"") + '"';
  }
}
