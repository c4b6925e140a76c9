package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.failure.GapException;
import java.util.Optional;
import java.util.function.Supplier;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What the relay remembers in the source database about its slot, so that a slot that is gone or
 * stands on another server is a finding and not a fresh start.
 */
final class RelayRecord {

  private static final String TABLE = "outbox_relay";

  private final String name;
  private final TableName table;

  RelayRecord(RelaySettings settings) {
    this.name = settings.name();
    this.table = settings.tableName().sibling(TABLE);
  }

  /**
   * @param slot the slot's name
   * @param epoch the current epoch of positions
   * @param server where the slot was made or last found
   * @param gap how events were lost sight of, until an operator accepts it; empty when none were
   * @param runs how often an instance has begun to stream
   */
  record Memory(String slot, int epoch, Server server, Optional<String> gap, long runs) {}

  /**
   * @param systemIdentifier the database cluster's identity
   * @param timeline its current timeline; a promotion begins a new one
   */
  record Server(String systemIdentifier, int timeline) {

    static Server current(JdbcClient sql) {
      return sql.sql(
              """
              select system_identifier::text,
                ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int
              from pg_control_system()
              """)
          .query((row, number) -> new Server(row.getString(1), row.getInt(2)))
          .single();
    }
  }

  TableName table() {
    return table;
  }

  /** Makes the table unless it is there. */
  boolean createTable(JdbcClient sql) {
    if (tableExists(sql)) {
      return false;
    }
    sql.sql(
            """
            create table if not exists %s (
              name text primary key,
              slot text not null unique,
              epoch integer not null,
              system_identifier text not null,
              timeline integer not null,
              gap text,
              runs bigint not null default 0,
              initialized_at timestamptz not null default now()
            )
            """
                .formatted(table.quoted()))
        .update();
    return true;
  }

  boolean tableExists(JdbcClient sql) {
    return sql.sql("select to_regclass(:table) is not null")
        .param("table", table.quoted())
        .query(Boolean.class)
        .single();
  }

  /**
   * Runs a look at the slot; a gap that it finds is remembered, so that no later start passes over
   * it.
   */
  <T> T remembering(JdbcClient sql, Supplier<T> look) {
    try {
      return look.get();
    } catch (GapException gap) {
      try {
        sql.sql(
                "update %s set gap = :gap where name = :name and gap is null"
                    .formatted(table.quoted()))
            .param("gap", gap.problem())
            .param("name", name)
            .update();
      } catch (DataAccessException e) {
        gap.addSuppressed(e);
      }
      throw gap;
    }
  }

  /** Counts a run, unless another instance has begun one since the memory was read. */
  boolean beginRun(JdbcClient sql, long runsBefore) {
    return sql.sql(
                "update %s set runs = runs + 1 where name = :name and runs = :runs"
                    .formatted(table.quoted()))
            .param("name", name)
            .param("runs", runsBefore)
            .update()
        == 1;
  }

  /** Whether no run has begun since this one; locks the row against the beginning of another. */
  boolean isNewestRun(JdbcClient sql, long run) {
    return sql.sql(
            "select 1 from %s where name = :name and runs = :run for share"
                .formatted(table.quoted()))
        .param("name", name)
        .param("run", run)
        .query()
        .optionalValue()
        .isPresent();
  }

  /** The relay's role must be able to write down what it finds. */
  boolean isWritable(JdbcClient sql) {
    return sql.sql("select has_table_privilege(:table, 'update')")
        .param("table", table.quoted())
        .query(Boolean.class)
        .single();
  }

  Optional<Memory> read(JdbcClient sql) {
    if (!tableExists(sql)) {
      return Optional.empty();
    }
    return sql.sql(
            "select slot, epoch, system_identifier, timeline, gap, runs from %s where name = :name"
                .formatted(table.quoted()))
        .param("name", name)
        .query(
            (row, number) ->
                new Memory(
                    row.getString(1),
                    row.getInt(2),
                    new Server(row.getString(3), row.getInt(4)),
                    Optional.ofNullable(row.getString(5)),
                    row.getLong(6)))
        .optional();
  }

  /** Writes the memory; the row's time tells when the current epoch began. */
  void write(JdbcClient sql, Memory memory) {
    sql.sql(
            """
            insert into %s (name, slot, epoch, system_identifier, timeline, gap, runs)
            values (:name, :slot, :epoch, :system, :timeline, :gap, :runs)
            on conflict (name) do update set slot = excluded.slot, epoch = excluded.epoch,
              system_identifier = excluded.system_identifier, timeline = excluded.timeline,
              gap = excluded.gap, runs = excluded.runs, initialized_at = now()
            """
                .formatted(table.quoted()))
        .param("name", name)
        .param("slot", memory.slot())
        .param("epoch", memory.epoch())
        .param("system", memory.server().systemIdentifier())
        .param("timeline", memory.server().timeline())
        .param("gap", memory.gap().orElse(null))
        .param("runs", memory.runs())
        .update();
  }
}
