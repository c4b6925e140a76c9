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

  private PostgresSettings() {}
}
