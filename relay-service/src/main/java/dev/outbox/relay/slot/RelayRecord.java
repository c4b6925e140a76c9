package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.Shard;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.GapException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.core.simple.JdbcClient.StatementSpec;

/**
 * What the relay remembers in the source database about its slot, so that a slot that is gone or
 * stands on another server is a finding and not a fresh start.
 */
final class RelayRecord {

  private static final String TABLE = "outbox_relay";

  private final RelaySettings settings;
  private final String name;
  private final TableName table;

  RelayRecord(RelaySettings settings) {
    this.settings = settings;
    this.name = settings.name();
    this.table = settings.tableName().sibling(TABLE);
  }

  /**
   * @param slot the slot's name
   * @param epoch the current epoch of positions
   * @param server where the slot was made or last found
   * @param gap how events were lost sight of, until an operator accepts it; empty when none were
   * @param runs how often an instance has begun to stream
   * @param published position up to which everything committed has been published, or need not be;
   *     the slot never stands behind it unless somebody else has moved it or made it anew
   * @param publication identity of the publication's definition, which is another one when somebody
   *     has changed it and changed it back
   * @param floor where looking for rows that were not published begins; empty before the first
   *     checkpoint
   * @param recoveredGap the last gap from which the relay has made or is making a new beginning
   * @param recoverySnapshot while a recovery is due: the transactions whose rows the slot does not
   *     deliver, since they were committed before it began
   * @param succession its part in changes of the number of shards
   */
  record Memory(
      String slot,
      int epoch,
      Server server,
      Optional<String> gap,
      long runs,
      Optional<Long> published,
      Optional<String> publication,
      Optional<Floor> floor,
      Optional<String> recoveredGap,
      Optional<String> recoverySnapshot,
      Succession succession) {

    /** The same in a later epoch, before anything was published in this one. */
    Memory inEpoch(int nextEpoch) {
      return new Memory(
          slot,
          nextEpoch,
          server,
          gap,
          runs,
          published,
          publication,
          floor,
          recoveredGap,
          recoverySnapshot,
          succession);
    }

    /** The same on a promoted server, whose slot stands here. */
    Memory promoted(Server promotedServer, int nextEpoch, long confirmed) {
      return new Memory(
          slot,
          nextEpoch,
          promotedServer,
          gap,
          runs,
          Optional.of(published.map(known -> Math.max(known, confirmed)).orElse(confirmed)),
          publication,
          floor,
          recoveredGap,
          recoverySnapshot,
          succession.inEpoch(nextEpoch));
    }
  }

  /**
   * A checkpoint: no row at or below it will ever have to be published from the table.
   *
   * @param seq the number of the last such row
   * @param at when rows with higher numbers began to be written, by the server's clock
   */
  record Floor(long seq, Instant at) {}

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

  /** Makes the table, or what an earlier version's table lacks, unless it is there. */
  boolean createTable(JdbcClient sql) {
    if (isCurrent(sql)) {
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
    sql.sql(
            """
            alter table %s
              add column if not exists published_lsn pg_lsn,
              add column if not exists publication text,
              add column if not exists floor bigint,
              add column if not exists floor_at timestamptz,
              add column if not exists recovered_gap text,
              add column if not exists recovery_snapshot text,
              add column if not exists recovered_at timestamptz,
              add column if not exists marker text,
              add column if not exists begins_behind text collate "C",
              add column if not exists ends_at text,
              add column if not exists ended_at timestamptz
            """
                .formatted(table.quoted()))
        .update();
    return true;
  }

  /** Whether the table is there and has all columns of this version. */
  boolean isCurrent(JdbcClient sql) {
    return sql.sql(
            """
            select count(*) > 0 from pg_attribute
            where attrelid = to_regclass(:table) and attname = 'ended_at' and not attisdropped
            """)
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
                "update %s set gap = :gap where name = :name and gap is null and ended_at is null"
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
    if (!isCurrent(sql)) {
      return Optional.empty();
    }
    return sql.sql(
            """
            select slot, epoch, system_identifier, timeline, gap, runs,
              (published_lsn - '0/0')::bigint, publication, floor, floor_at, recovered_gap,
              recovery_snapshot, marker, begins_behind, ends_at, ended_at is not null
            from %s where name = :name
            """
                .formatted(table.quoted()))
        .param("name", name)
        .query((row, number) -> memory(row))
        .optional();
  }

  private static Memory memory(ResultSet row) throws SQLException {
    Long floor = row.getObject(9, Long.class);
    OffsetDateTime floorAt = row.getObject(10, OffsetDateTime.class);
    return new Memory(
        row.getString(1),
        row.getInt(2),
        new Server(row.getString(3), row.getInt(4)),
        Optional.ofNullable(row.getString(5)),
        row.getLong(6),
        Optional.ofNullable(row.getObject(7, Long.class)),
        Optional.ofNullable(row.getString(8)),
        floor == null || floorAt == null
            ? Optional.empty()
            : Optional.of(new Floor(floor, floorAt.toInstant())),
        Optional.ofNullable(row.getString(11)),
        Optional.ofNullable(row.getString(12)),
        new Succession(
            Optional.ofNullable(row.getString(13)),
            Optional.ofNullable(row.getString(14)).map(SourcePosition::parse),
            Optional.ofNullable(row.getString(15)),
            row.getBoolean(16)));
  }

  /** How many shards of this relay have been initialised. */
  int shards(JdbcClient sql) {
    List<String> names =
        IntStream.rangeClosed(1, settings.shards())
            .mapToObj(
                index -> settings.relayName() + "-" + new Shard(index, settings.shards()).label())
            .toList();
    return sql.sql("select count(*) from %s where name in (:names)".formatted(table.quoted()))
        .param("names", names)
        .query(Integer.class)
        .single();
  }

  /** Writes the memory; the row's time tells when the current epoch began. */
  void write(JdbcClient sql, Memory memory) {
    var unused = upsert(sql, memory, "", "").update();
  }

  /** The same for a shard of a number that is changed to, whatever its row said before. */
  void writeAnew(JdbcClient sql, Memory memory) {
    var unused = upsert(sql, memory, ", ends_at = null, ended_at = excluded.ended_at", "").update();
  }

  /**
   * The same, unless another instance has begun a run or a timeline since the memory was read.
   *
   * @return whether it was written
   */
  boolean replace(JdbcClient sql, Memory read, Memory memory) {
    return upsert(sql, memory, "", "where r.runs = :runsBefore and r.timeline = :timelineBefore")
            .param("runsBefore", read.runs())
            .param("timelineBefore", read.server().timeline())
            .update()
        == 1;
  }

  /** How a shard ends is not written with the rest: it may be decided at any moment. */
  private StatementSpec upsert(JdbcClient sql, Memory memory, String more, String condition) {
    return sql.sql(
            """
            insert into %s as r (name, slot, epoch, system_identifier, timeline, gap, runs,
              published_lsn, publication, floor, floor_at, recovered_gap, recovery_snapshot,
              marker, begins_behind, ended_at)
            values (:name, :slot, :epoch, :system, :timeline, :gap, :runs,
              '0/0'::pg_lsn + cast(:published as numeric), :publication, :floor,
              cast(:floorAt as timestamptz), :recoveredGap, :recoverySnapshot, :marker, :beginsBehind,
              case when :ended then now() end)
            on conflict (name) do update set slot = excluded.slot, epoch = excluded.epoch,
              system_identifier = excluded.system_identifier, timeline = excluded.timeline,
              gap = excluded.gap, runs = excluded.runs, published_lsn = excluded.published_lsn,
              publication = excluded.publication, floor = excluded.floor,
              floor_at = excluded.floor_at, recovered_gap = excluded.recovered_gap,
              recovery_snapshot = excluded.recovery_snapshot, marker = excluded.marker,
              begins_behind = excluded.begins_behind, initialized_at = now() %s
            %s
            """
                .formatted(table.quoted(), more, condition))
        .param("name", name)
        .param("slot", memory.slot())
        .param("epoch", memory.epoch())
        .param("system", memory.server().systemIdentifier())
        .param("timeline", memory.server().timeline())
        .param("gap", memory.gap().orElse(null))
        .param("runs", memory.runs())
        .param("published", memory.published().orElse(null))
        .param("publication", memory.publication().orElse(null))
        .param("floor", memory.floor().map(Floor::seq).orElse(null), Types.BIGINT)
        .param("floorAt", memory.floor().map(floor -> floor.at().toString()).orElse(null))
        .param("recoveredGap", memory.recoveredGap().orElse(null))
        .param("recoverySnapshot", memory.recoverySnapshot().orElse(null))
        .param("marker", memory.succession().marker().orElse(null))
        .param(
            "beginsBehind",
            memory.succession().beginsBehind().map(SourcePosition::asText).orElse(null))
        .param("ended", memory.succession().ended());
  }

  /**
   * Writes down how far everything is published, never back.
   *
   * @return whether this run is still the newest
   */
  boolean advancePublished(JdbcClient sql, long run, long lsn) {
    return sql.sql(
                """
                update %s set published_lsn = greatest(published_lsn, '0/0'::pg_lsn + cast(:lsn as numeric))
                where name = :name and runs = :run
                """
                    .formatted(table.quoted()))
            .param("lsn", lsn)
            .param("name", name)
            .param("run", run)
            .update()
        == 1;
  }

  /** Writes a checkpoint, unless another run has begun or a recovery is not finished yet. */
  void writeFloor(JdbcClient sql, long run, Floor floor) {
    sql.sql(
            """
            update %s set floor = :floor, floor_at = cast(:at as timestamptz)
            where name = :name and runs = :run and recovery_snapshot is null and gap is null
            """
                .formatted(table.quoted()))
        .param("floor", floor.seq())
        .param("at", floor.at().toString())
        .param("name", name)
        .param("run", run)
        .update();
  }

  /**
   * Writes down that everything committed before the slot began is published.
   *
   * @return whether this run is still the newest
   */
  boolean completeRecovery(JdbcClient sql, long run) {
    return sql.sql(
                """
                update %s set recovery_snapshot = null, recovered_at = now()
                where name = :name and runs = :run
                """
                    .formatted(table.quoted()))
            .param("name", name)
            .param("run", run)
            .update()
        == 1;
  }
}
