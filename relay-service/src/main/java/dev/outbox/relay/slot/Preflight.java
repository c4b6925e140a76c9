package dev.outbox.relay.slot;

import dev.outbox.relay.config.Identifiers;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.slot.RelayRecord.Memory;
import dev.outbox.relay.slot.RelayRecord.Server;
import dev.outbox.relay.source.SlotStart;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Looks at everything that a run depends on before the first event is read. */
public final class Preflight {

  private static final Logger LOG = LoggerFactory.getLogger(Preflight.class);

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final RelayRecord record;
  private final ParkedTable parked;

  /** Nothing is looked at yet. */
  public Preflight(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.settings = settings;
    this.record = new RelayRecord(settings);
    this.parked = new ParkedTable(settings);
  }

  /** Whether this instance may begin. */
  public sealed interface Outcome {
    /**
     * It may.
     *
     * @param start from here
     * @param runs how often an instance has begun before
     */
    record Ready(SlotStart start, long runs) implements Outcome {
      /** The number that this run gets. */
      public long run() {
        return runs + 1;
      }
    }

    /** Another one streams from the slot, or is just making it. */
    record SlotInUse(int serverProcess) implements Outcome {}
  }

  /**
   * Checks server, role, table, publication and slot.
   *
   * @throws RelayException when one of them does not serve, with the remedy
   */
  public Outcome check() {
    return database.call(sql -> record.remembering(sql, () -> check(sql)));
  }

  private Outcome check(JdbcClient sql) {
    ServerRequirements.require(sql);
    OutboxTable.require(sql, settings.tableName());
    Memory memory =
        record
            .read(sql)
            .orElseThrow(
                () ->
                    Initialization.notInitialized(settings, "replication slot " + settings.slot()));
    Server server = Server.current(sql);
    SlotCheck.requireSameServer(settings, memory, server);
    requireWritable(sql);
    SlotStatus slot =
        SlotStatus.read(sql, settings.slot()).orElseThrow(() -> SlotCheck.missing(settings));
    Integer activePid = slot.activePid();
    if (activePid != null) {
      return new Outcome.SlotInUse(activePid);
    }
    SlotCheck.require(settings, slot);
    new Publication(settings).require(sql);
    return new Outcome.Ready(
        new SlotStart(
            currentEpoch(sql, memory, server), Objects.requireNonNull(slot.confirmedLsn())),
        memory.runs());
  }

  private void requireWritable(JdbcClient sql) {
    if (!parked.exists(sql)) {
      throw Initialization.notInitialized(settings, "table " + parked.name());
    }
    if (!parked.isUsable(sql)) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "Role '%s' may not park events in table %s."
              .formatted(settings.database().username(), parked.name()),
          "Run: grant select, insert, update on %s to %s"
              .formatted(
                  parked.name().quoted(), Identifiers.quote(settings.database().username())));
    }
    if (!record.isWritable(sql)) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "Role '%s' may not write to the relay's own table %s."
              .formatted(settings.database().username(), record.table()),
          "Run: grant select, insert, update on %s to %s"
              .formatted(
                  record.table().quoted(), Identifiers.quote(settings.database().username())));
    }
  }

  /** A promoted server begins a new timeline, and with it a new epoch of positions. */
  private int currentEpoch(JdbcClient sql, Memory memory, Server server) {
    if (memory.server().timeline() == server.timeline()) {
      return memory.epoch();
    }
    int epoch = memory.epoch() + 1;
    record.write(sql, new Memory(memory.slot(), epoch, server, Optional.empty(), memory.runs()));
    LOG.atWarn()
        .addKeyValue("timeline", server.timeline())
        .addKeyValue("epoch", epoch)
        .log("The server has been promoted since the last run; positions begin a new epoch");
    return epoch;
  }
}
