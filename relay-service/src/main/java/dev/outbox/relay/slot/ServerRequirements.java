package dev.outbox.relay.slot;

import dev.outbox.relay.config.Shard;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What the relay asks of the server and of its own role. */
final class ServerRequirements {

  /** Column lists in publications and skipped empty transactions came with PostgreSQL 15. */
  private static final int OLDEST_VERSION = 150_000;

  private ServerRequirements() {}

  static void require(JdbcClient sql, Shard shard) {
    requireServer(sql, shard);
    requireReplicationRole(sql);
  }

  /** What does not depend on the role. */
  static void requireServer(JdbcClient sql, Shard shard) {
    requireVersion(sql);
    requireLogicalLog(sql);
    if (shard.isPart()) {
      requireSameHash(sql);
    }
  }

  /** The server computes it from the text in its own encoding, the relay from UTF-8. */
  private static void requireSameHash(JdbcClient sql) {
    String encoding =
        sql.sql("select current_setting('server_encoding')").query(String.class).single();
    if (!encoding.equals("UTF8")) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "The database is encoded in %s; only one in UTF8 can be divided into shards."
              .formatted(encoding),
          "Set outbox.relay.shards=1.");
    }
  }

  private static void requireVersion(JdbcClient sql) {
    int version =
        sql.sql("select current_setting('server_version_num')::int").query(Integer.class).single();
    if (version < OLDEST_VERSION) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "The server is PostgreSQL %d; the relay needs 15 or newer.".formatted(version / 10_000),
          "Upgrade the server.");
    }
  }

  private static void requireLogicalLog(JdbcClient sql) {
    String level = sql.sql("show wal_level").query(String.class).single();
    if (!level.equals("logical")) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "The server runs with wal_level=%s, which does not log what the relay reads."
              .formatted(level),
          "Run: alter system set wal_level = logical; then restart PostgreSQL (on managed servers"
              + " set rds.logical_replication or its like). Nothing written before is lost to the"
              + " table, but only events committed after 'init' are relayed.");
    }
  }

  /** What only a role needs that streams from the slot. */
  static void requireReplicationRole(JdbcClient sql) {
    boolean may =
        sql.sql(
                """
                select r.rolsuper or r.rolreplication or exists (
                    select 1 from pg_roles m
                    where m.rolname = 'rds_replication' and pg_has_role(r.oid, m.oid, 'member'))
                from pg_roles r where r.rolname = current_user
                """)
            .query(Boolean.class)
            .single();
    if (!may) {
      String role = sql.sql("select current_user").query(String.class).single();
      throw new RelayException(
          Stage.PREFLIGHT,
          "Role '%s' may not read the write-ahead log: it lacks REPLICATION.".formatted(role),
          "Run as a superuser: alter role %s replication. A role that owns the tables and shall not"
                  .formatted(role)
              + " replicate runs 'init --without-slot', and the relay's role makes the slot.");
    }
  }
}
