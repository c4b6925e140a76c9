package dev.outbox.relay.slot;

import dev.outbox.relay.config.Identifiers;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.slot.RelayRecord.Floor;
import dev.outbox.relay.slot.RelayRecord.Memory;
import dev.outbox.relay.slot.RelayRecord.Server;
import dev.outbox.relay.source.SlotStart;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Looks at everything that a run depends on before the first event is read. */
public final class Preflight {

  private static final Logger LOG = LoggerFactory.getLogger(Preflight.class);

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final RelayRecord record;
  private final ShardRecord shards;
  private final ParkedTable parked;

  /** Nothing is looked at yet. */
  public Preflight(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.settings = settings;
    this.record = new RelayRecord(settings);
    this.shards = new ShardRecord(settings);
    this.parked = new ParkedTable(settings);
  }

  /** Whether this instance may begin. */
  public sealed interface Outcome {
    /**
     * It may.
     *
     * @param start from here
     * @param runs how often an instance has begun before
     * @param recovery what must be published from the table first, if the slot was made after a gap
     * @param succession its part in changes of the number of shards
     * @param predecessors shards of former numbers, whose parked events are now those of the shard
     *     that has their keys
     */
    record Ready(
        SlotStart start,
        long runs,
        Optional<PendingRecovery> recovery,
        Succession succession,
        List<String> predecessors)
        implements Outcome {

      public Ready {
        predecessors = List.copyOf(predecessors);
      }

      /** The number that this run gets. */
      public long run() {
        return runs + 1;
      }
    }

    /** Another one streams from the slot, or is just making it. */
    record SlotInUse(int serverProcess) implements Outcome {}

    /** This shard has published all that it had to: the outbox is divided otherwise now. */
    record Ended() implements Outcome {}
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
    ServerRequirements.require(sql, settings.shard());
    OutboxTable.require(sql, settings.tableName());
    if (record.read(sql).filter(memory -> memory.succession().ended()).isPresent()) {
      return new Outcome.Ended();
    }
    shards.requireSameShards(sql);
    // The slot before the memory of it: in between a leader may go on, but never behind it.
    Optional<SlotStatus> found = SlotStatus.read(sql, settings.slot());
    Memory memory =
        record
            .read(sql)
            .orElseThrow(
                () ->
                    Initialization.notInitialized(settings, "replication slot " + settings.slot()));
    requireAllShards(sql);
    Server server = Server.current(sql);
    SlotCheck.requireSameServer(settings, memory, server);
    requireWritable(sql, settings, record, parked);
    SlotStatus slot = found.orElseThrow(() -> SlotCheck.missing(settings));
    Integer activePid = slot.activePid();
    if (activePid != null) {
      return new Outcome.SlotInUse(activePid);
    }
    SlotCheck.require(settings, slot);
    boolean promoted = memory.server().timeline() != server.timeline();
    // A slot that the server itself has kept in step with the primary's is where the relay left it,
    // while the memory of that may not have arrived before the promotion.
    if (!(promoted && SlotStatus.isSynchronized(sql, settings.slot()))) {
      SlotCheck.requireNotAhead(settings, slot, memory.published());
    }
    new Publication(settings).require(sql, memory.publication());
    long confirmed = Objects.requireNonNull(slot.confirmedLsn());
    Division division = shards.division(sql);
    Memory current =
        behindFormer(
            sql, division, promoted ? beginTimeline(sql, memory, server, confirmed) : memory);
    return new Outcome.Ready(
        new SlotStart(current.epoch(), confirmed),
        current.runs(),
        pending(current),
        current.succession(),
        division.others(settings.shards()));
  }

  /** Or what is written meanwhile would be published for some aggregates only. */
  private void requireAllShards(JdbcClient sql) {
    if (settings.shard().isPart() && record.shards(sql) < settings.shards()) {
      throw Initialization.notInitialized(
          settings, "one of the %d shards".formatted(settings.shards()));
    }
  }

  private static Optional<PendingRecovery> pending(Memory memory) {
    return memory
        .recoverySnapshot()
        .map(
            snapshot -> {
              Floor floor = memory.floor().orElseThrow();
              return new PendingRecovery(
                  memory.recoveredGap().orElse("A gap was found"),
                  memory.epoch() - 1,
                  floor.seq(),
                  floor.at(),
                  snapshot);
            });
  }

  static void requireWritable(
      JdbcClient sql, RelaySettings settings, RelayRecord record, ParkedTable parked) {
    if (!parked.exists(sql)) {
      throw Initialization.notInitialized(settings, "table " + parked.name());
    }
    List<TableName> denied = new ArrayList<>();
    if (!record.isWritable(sql)) {
      denied.add(record.table());
    }
    if (!parked.isUsable(sql)) {
      denied.add(parked.name());
    }
    if (!denied.isEmpty()) {
      String role = settings.database().username();
      throw new RelayException(
          Stage.PREFLIGHT,
          "Role '%s' may not write to the relay's own %s."
              .formatted(role, joined(denied, TableName::toString)),
          "Run: grant select, insert, update on %s to %s"
              .formatted(joined(denied, TableName::quoted), Identifiers.quote(role)));
    }
  }

  private static String joined(List<TableName> tables, Function<TableName, String> name) {
    return tables.stream().map(name).collect(Collectors.joining(", "));
  }

  /**
   * A former shard may have begun an epoch since this one was prepared. Its parked events are this
   * one's now, and must stand before what comes.
   */
  private Memory behindFormer(JdbcClient sql, Division division, Memory memory) {
    int latest = division.latestEpochBefore(settings.shards());
    if (!memory.succession().awaitsMarker()
        || Integer.compareUnsigned(memory.epoch(), latest) > 0) {
      return memory;
    }
    Memory later = memory.inEpoch(Epochs.after(latest, 1, settings.shard()));
    if (!record.replace(sql, memory, later)) {
      throw new ReplacedException("Another instance has begun with this shard.");
    }
    return later;
  }

  /** A promoted server begins a new timeline, and with it a new epoch of positions. */
  private Memory beginTimeline(JdbcClient sql, Memory memory, Server server, long confirmed) {
    // A recovery that is due has the epoch before to itself.
    int epoch =
        Epochs.after(
            memory.epoch(), memory.recoverySnapshot().isPresent() ? 2 : 1, settings.shard());
    Memory current = memory.promoted(server, epoch, confirmed);
    if (!record.replace(sql, memory, current)) {
      throw new ReplacedException("Another instance has begun on the promoted server.");
    }
    LOG.atWarn()
        .addKeyValue("timeline", server.timeline())
        .addKeyValue("epoch", epoch)
        .log("The server has been promoted since the last run; positions begin a new epoch");
    return current;
  }
}
