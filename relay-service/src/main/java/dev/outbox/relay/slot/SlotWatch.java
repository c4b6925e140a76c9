package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import dev.outbox.relay.slot.RelayRecord.Memory;
import java.util.Objects;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Looks after the slot while the relay runs: keeps it moving, sees it go. Thread-safe. */
public final class SlotWatch {

  /** Prefix of the relay's own logical messages; they are nothing to publish. */
  static final String HEARTBEAT_PREFIX = "outbox.heartbeat";

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final RelayRecord record;
  private final Publication publication;

  /** Nothing is looked at yet. */
  public SlotWatch(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.settings = settings;
    this.record = new RelayRecord(settings);
    this.publication = new Publication(settings);
  }

  /**
   * Writes a logical message, so that an idle outbox gets something to confirm while other tables
   * fill the log.
   *
   * @return its LSN, which the slot passes when all is well
   */
  public long beat() {
    return database.call(
        sql ->
            sql.sql("select (pg_logical_emit_message(true, :prefix, :name) - '0/0')::bigint")
                .param("prefix", HEARTBEAT_PREFIX)
                .param("name", settings.name())
                .query(Long.class)
                .single());
  }

  /** The slot now, if there is one. */
  public Optional<SlotStatus> status() {
    return database.call(sql -> SlotStatus.read(sql, settings.slot()));
  }

  /**
   * Begins a run. Debezium makes a missing slot anew without a word, so this looks again once it
   * streams: a new slot stands further on than everything that has been published.
   *
   * @throws GapException when the slot is another; also remembered for later starts
   * @throws ReplacedException when another instance was faster
   * @throws RelayException when the slot went back
   */
  public void beginRun(Ready ready) {
    SlotStatus slot =
        database.call(
            sql -> {
              if (!record.beginRun(sql, ready.runs())) {
                throw new ReplacedException(
                    "Another instance has led since this one looked at the slot.");
              }
              return record.remembering(sql, () -> readAndRequire(sql));
            });
    if (!Objects.equals(slot.confirmedLsn(), ready.start().confirmedLsn())) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "The slot has moved while the relay started, as when the server is restarted.",
          "None needed: the relay looks again.");
    }
  }

  /**
   * The slot now, while the relay depends on it and on the publication.
   *
   * @throws GapException when one of them is gone, changed or invalidated; also remembered
   */
  public SlotStatus require() {
    return database.call(sql -> record.remembering(sql, () -> readAndRequire(sql)));
  }

  private SlotStatus readAndRequire(JdbcClient sql) {
    SlotStatus slot =
        SlotStatus.read(sql, settings.slot()).orElseThrow(() -> SlotCheck.missing(settings));
    SlotCheck.require(settings, slot);
    // The memory after the slot, since it is written before the slot moves.
    Optional<Memory> memory = record.read(sql);
    SlotCheck.requireNotAhead(settings, slot, memory.flatMap(Memory::published));
    publication.require(sql, memory.flatMap(Memory::publication));
    return slot;
  }

  /**
   * Writes down that everything committed before the slot began is published.
   *
   * @throws RelayException when another instance has taken over
   */
  public void completeRecovery(Ready ready) {
    if (!database.call(sql -> record.completeRecovery(sql, ready.run()))) {
      throw RunFence.replaced();
    }
  }
}
