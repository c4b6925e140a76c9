package dev.outbox.relay.slot;

import dev.outbox.relay.config.Identifiers;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.DatabaseFailures;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.Preflight.Outcome.SlotInUse;
import dev.outbox.relay.slot.RelayRecord.Floor;
import dev.outbox.relay.slot.RelayRecord.Memory;
import dev.outbox.relay.slot.RelayRecord.Server;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Makes a new beginning after a gap: a new slot, and in one write the memory of which rows were
 * committed before it began. Until that write the gap stays remembered, so a crash in between leads
 * back here, and a slot made by the attempt before is dropped again.
 */
public final class SlotRenewal {

  private static final Logger LOG = LoggerFactory.getLogger(SlotRenewal.class);

  /** What the stream gets, above the epoch of what is published from the table. */
  private static final int EPOCHS = 2;

  private static final int FAILOVER_SLOTS_SINCE = 170_000;

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final Publication publication;
  private final RelayRecord record;

  /** Nothing is done yet. */
  public SlotRenewal(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.settings = settings;
    this.publication = new Publication(settings);
    this.record = new RelayRecord(settings);
  }

  /** A slot that has just been made, and what it does not deliver. */
  /**
   * A slot's snapshot ends behind the last transaction that committed while it was made. Its oldest
   * one is later than that if all since were rolled back, which the type does not take back as
   * text.
   */
  private static final String SNAPSHOT =
      """
      select case
        when pg_snapshot_xmax(now) < pg_snapshot_xmin(now)
          then concat(pg_snapshot_xmin(now), ':', pg_snapshot_xmin(now), ':')
        else now::text
      end
      from pg_current_snapshot() now
      """;

  private record NewSlot(long confirmedLsn, String snapshot) {}

  /**
   * Makes the new beginning, unless another instance has made it; waits for the transactions that
   * are open in the database, as every new slot does.
   *
   * @return who streams from the slot, if somebody does: nothing was done then
   * @throws RelayException when there can be none, with the remedy
   */
  public Optional<SlotInUse> run(GapException gap) {
    return database.callPatiently(sql -> InitializationLock.holding(sql, () -> run(sql, gap)));
  }

  private Optional<SlotInUse> run(JdbcClient sql, GapException gap) {
    Memory memory = record.read(sql).orElseThrow(() -> gap);
    if (memory.gap().isEmpty() || memory.succession().ended()) {
      return Optional.empty();
    }
    OutboxSequence rows = OutboxSequence.require(sql, settings);
    Floor floor = memory.floor().orElseThrow(this::noCheckpoint);
    Optional<SlotStatus> old = SlotStatus.read(sql, settings.slot());
    if (old.isPresent()) {
      SlotCheck.requireOwn(settings, old.get());
      Integer activePid = old.get().activePid();
      if (activePid != null) {
        return Optional.of(new SlotInUse(activePid));
      }
    }
    renewPublication(sql, gap);
    LOG.atError()
        .addKeyValue("slot", settings.slot())
        .addKeyValue("floor", floor.seq())
        .log("{} A new slot is made; this waits for the open transactions", gap.problem());
    SlotStatus.drop(sql, settings.slot());
    NewSlot slot = create();
    int epoch = Epochs.after(memory.epoch(), EPOCHS, settings.shard());
    record.write(
        sql,
        new Memory(
            settings.slot(),
            epoch,
            Server.current(sql),
            Optional.empty(),
            memory.runs(),
            Optional.of(slot.confirmedLsn()),
            Optional.of(publication.identity(sql)),
            Optional.of(rows.wasReset(sql, floor) ? new Floor(0, floor.at()) : floor),
            memory.gap(),
            Optional.of(slot.snapshot()),
            memory.succession().withNewSlot(epoch)));
    return Optional.empty();
  }

  private RelayException noCheckpoint() {
    return new RelayException(
        Stage.OPERATIONS,
        "There is a gap, and the relay has not run long enough on table %s to know which rows were"
                .formatted(settings.tableName())
            + " published before it.",
        "Compare the rows with the topics and publish what is missing, then run 'init --accept-gap'.");
  }

  private void renewPublication(JdbcClient sql, GapException gap) {
    try {
      publication.require(sql);
    } catch (GapException changed) {
      try {
        publication.drop(sql);
        publication.create(sql);
      } catch (DataAccessException e) {
        throw DatabaseFailures.isDenied(e) ? notItsOwner(gap, e) : e;
      }
    }
  }

  /** Only the owner of a table may publish it, which a role with no more than it needs is not. */
  private RelayException notItsOwner(GapException gap, DataAccessException denied) {
    return new RelayException(
        Stage.PREFLIGHT,
        "%s Role '%s' may not make publication '%s' anew."
            .formatted(gap.problem(), settings.database().username(), settings.publication()),
        "Run 'init --without-slot' with the role that owns table %s; the relay then recovers by"
                .formatted(settings.tableName())
            + " itself.",
        denied);
  }

  /**
   * The protocol's command tells with a snapshot what was committed before; the function does not.
   */
  private NewSlot create() {
    return database.callReplication(
        replication -> {
          String snapshot =
              replication
                  .sql(
                      "CREATE_REPLICATION_SLOT %s LOGICAL pgoutput (%sSNAPSHOT 'export')"
                          .formatted(
                              Identifiers.quote(settings.slot()),
                              serverVersion() >= FAILOVER_SLOTS_SINCE ? "FAILOVER, " : ""))
                  .query((row, number) -> row.getString("snapshot_name"))
                  .single();
          // The snapshot can be used as long as the connection that made it does nothing else.
          return database.inTransaction(Stage.PREFLIGHT, sql -> describe(sql, snapshot));
        });
  }

  private int serverVersion() {
    return database.call(
        sql ->
            sql.sql("select current_setting('server_version_num')::int")
                .query(Integer.class)
                .single());
  }

  private NewSlot describe(JdbcClient sql, String snapshot) {
    sql.sql("set transaction isolation level repeatable read").update();
    sql.sql("set transaction snapshot '%s'".formatted(snapshot)).update();
    String visible = sql.sql(SNAPSHOT).query(String.class).single();
    long confirmed =
        SlotStatus.read(sql, settings.slot())
            .map(SlotStatus::confirmedLsn)
            .orElseThrow(() -> SlotCheck.missing(settings));
    return new NewSlot(confirmed, visible);
  }
}
