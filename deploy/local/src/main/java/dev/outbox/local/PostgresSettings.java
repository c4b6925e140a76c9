package dev.outbox.local;

import java.util.List;
import java.util.Map;

/**
 * What a PostgreSQL server of either kind of stack has in common, so that tests see no difference.
 */
final class PostgresSettings {

  /** As in the server's configuration file. */
  static final Map<String, String> SHARED =
      Map.of(
          "wal_level", "logical",
          "max_replication_slots", "20",
          "max_wal_senders", "20",
          "max_connections", "200",
          "timezone", "UTC");

  /** Arguments of initdb. */
  static final List<String> INITDB = List.of("--encoding=UTF8", "--locale=C");

  private static final int FIRST_WITH_ITERATIONS = 16;

  /**
   * Further arguments of initdb. Each connection costs its client as many rounds of hashing as the
   * password was stored with, 4096 unless told otherwise: ten milliseconds and more in a JVM that
   * has just started, in which tests spent most of their processor time.
   */
  static List<String> cheapPasswords(int version) {
    return version < FIRST_WITH_ITERATIONS ? List.of() : List.of("--set", "scram_iterations=1");
  }

  private PostgresSettings() {}
}
