package dev.outbox.relay.slot;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The replication slot as the server shows it.
 *
 * @param plugin its output plugin
 * @param inThisDatabase whether it belongs to the database that was asked
 * @param activePid the server process that streams from it, if one does
 * @param confirmedLsn the position up to which everything is confirmed, as a number; null when the
 *     server has dropped it
 * @param lagBytes write-ahead log behind that position
 * @param retainedBytes write-ahead log that the server keeps on disk because of the slot
 * @param walStatus the server's word on whether the log is still there
 * @param freeRetentionBytes how much more may be written before the server gives the slot up; null
 *     when it never does
 * @param invalidationReason why the slot is unusable, if it is
 */
public record SlotStatus(
    String plugin,
    boolean inThisDatabase,
    @Nullable Integer activePid,
    @Nullable Long confirmedLsn,
    @Nullable Long lagBytes,
    @Nullable Long retainedBytes,
    @Nullable String walStatus,
    @Nullable Long freeRetentionBytes,
    @Nullable String invalidationReason) {

  /** The slot of that name, if there is one. */
  public static Optional<SlotStatus> read(JdbcClient sql, String slot) {
    // Columns differ between versions; going by way of JSON asks for none that is not there.
    return sql.sql(
            """
            select s.plugin, coalesce(s.database = current_database(), false), s.active_pid,
              (s.confirmed_flush_lsn - '0/0')::bigint,
              (pg_current_wal_lsn() - s.confirmed_flush_lsn)::bigint,
              (pg_current_wal_lsn() - s.restart_lsn)::bigint,
              s.wal_status, s.safe_wal_size,
              coalesce(to_jsonb(s) ->> 'invalidation_reason',
                case when s.wal_status = 'lost' then 'wal_removed' end)
            from pg_replication_slots s where s.slot_name = :slot
            """)
        .param("slot", slot)
        .query(
            (row, number) ->
                new SlotStatus(
                    String.valueOf(row.getString(1)),
                    row.getBoolean(2),
                    row.getObject(3, Integer.class),
                    row.getObject(4, Long.class),
                    row.getObject(5, Long.class),
                    row.getObject(6, Long.class),
                    row.getString(7),
                    row.getObject(8, Long.class),
                    row.getString(9)))
        .optional();
  }

  /** Drops the slot of that name, if there is one. */
  static void drop(JdbcClient sql, String slot) {
    sql.sql(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
                + " where slot_name = :slot")
        .param("slot", slot)
        .query()
        .listOfRows();
  }

  /** Whether the slot was kept in step with a primary's before this server was promoted. */
  static boolean isSynchronized(JdbcClient sql, String slot) {
    return sql.sql(
            """
            select coalesce((to_jsonb(s) ->> 'synced')::boolean, false)
            from pg_replication_slots s where s.slot_name = :slot
            """)
        .param("slot", slot)
        .query(Boolean.class)
        .optional()
        .orElse(false);
  }

  /** The confirmed position as PostgreSQL writes it, or "none". */
  public String confirmedText() {
    return confirmedLsn == null ? "none" : text(confirmedLsn);
  }

  static String text(long lsn) {
    return "%X/%X".formatted(lsn >>> 32, lsn & 0xffffffffL);
  }
}
