package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.slot.RelayRecord.Floor;
import dev.outbox.relay.slot.RelayRecord.Memory;
import dev.outbox.relay.slot.RelayRecord.Server;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Makes what the relay needs in the source database: its memory, the publication, the slot. Running
 * it again changes nothing. It never makes anew a slot that is known to have existed, because the
 * events between the two would be lost without a word.
 */
public final class Initialization {

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final Publication publication;
  private final RelayRecord record;
  private final ParkedTable parked;

  /** Nothing is done yet. */
  public Initialization(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.settings = settings;
    this.publication = new Publication(settings);
    this.record = new RelayRecord(settings);
    this.parked = new ParkedTable(settings);
  }

  /**
   * One step of the initialisation.
   *
   * @param thing what it is about
   * @param outcome what was done, such as "created" or "already there"
   */
  public record Step(String thing, String outcome) {}

  /**
   * Makes what is missing; waits for running transactions of the server when it makes the slot.
   *
   * @param acceptGap whether to go on although a slot or publication is gone or was made anew:
   *     events committed in between are not published
   * @throws RelayException when something is in the way
   */
  public List<Step> run(boolean acceptGap) {
    return database.callPatiently(
        sql ->
            InitializationLock.holding(
                sql, () -> record.remembering(sql, () -> run(sql, acceptGap))));
  }

  /**
   * Makes what is missing but the slot, for a role that owns the outbox table and may not
   * replicate; the relay's own role makes the slot. A publication that is gone or was changed is
   * made anew, and stays remembered as a gap.
   *
   * @throws RelayException when something is in the way
   */
  public List<Step> runWithoutSlot() {
    return database.callPatiently(
        sql -> InitializationLock.holding(sql, () -> runWithoutSlot(sql)));
  }

  private List<Step> runWithoutSlot(JdbcClient sql) {
    ServerRequirements.requireServer(sql, settings.shard());
    List<Step> steps = makeTables(sql);
    boolean known = record.read(sql).filter(memory -> !memory.succession().ended()).isPresent();
    steps.add(
        step("publication " + settings.publication(), known ? renew(sql) : makePublication(sql)));
    steps.add(
        new Step("replication slot " + settings.slot(), "left to the role that runs the relay"));
    return steps;
  }

  /** Whoever looks next must find the gap, or what was committed meanwhile would be lost. */
  private boolean renew(JdbcClient sql) {
    try {
      return record.remembering(
          sql,
          () -> {
            publication.require(sql);
            return false;
          });
    } catch (GapException gap) {
      if (record.read(sql).flatMap(Memory::gap).isEmpty()) {
        throw gap;
      }
      publication.drop(sql);
      publication.create(sql);
      return true;
    }
  }

  private List<Step> makeTables(JdbcClient sql) {
    TableName table = settings.tableName();
    OutboxTable.require(sql, table);
    List<Step> steps = new ArrayList<>();
    steps.add(new Step("table " + table, "has the outbox columns"));
    steps.add(step("table " + record.table(), record.createTable(sql)));
    steps.add(step("table " + parked.name(), parked.create(sql)));
    return steps;
  }

  private boolean makePublication(JdbcClient sql) {
    boolean missing = !publication.exists(sql);
    if (missing) {
      publication.create(sql);
    }
    publication.require(sql);
    return missing;
  }

  private List<Step> run(JdbcClient sql, boolean acceptGap) {
    ServerRequirements.require(sql, settings.shard());
    new ShardRecord(settings).requireSameShards(sql);
    List<Step> steps = makeTables(sql);
    Optional<Memory> memory = record.read(sql);
    if (memory.isPresent() && !acceptGap) {
      requireNoGap(sql, memory.get());
    }
    steps.add(step("publication " + settings.publication(), makePublication(sql)));
    steps.addAll(initializeSlot(sql, memory, acceptGap));
    return steps;
  }

  /**
   * Makes publication and slot of a shard that begins behind a marker, which is written when all
   * such shards have theirs.
   *
   * @param marked whether it is written already: a slot made now would be behind it, and what it
   *     misses is found by its run
   * @param latestEpoch of any shard until now
   * @throws RelayException when somebody else has a slot of that name
   */
  List<Step> prepare(JdbcClient sql, String marker, boolean marked, int latestEpoch) {
    ServerRequirements.require(sql, settings.shard());
    String thing = "replication slot " + settings.slot();
    List<Step> steps = new ArrayList<>();
    steps.add(step("publication " + settings.publication(), makePublication(sql)));
    Optional<Memory> before = record.read(sql);
    Optional<SlotStatus> slot = SlotStatus.read(sql, settings.slot());
    boolean prepared =
        before.map(Memory::succession).filter(Succession.behind(marker)::equals).isPresent()
            && (marked || slot.map(SlotStatus::confirmedLsn).isPresent());
    if (!prepared) {
      slot.ifPresent(found -> requireLeft(before, found));
      // First of all it is known whose slot it is; one that a crash has left may stand anywhere.
      record.writeAnew(sql, reservation(sql, before, marker, latestEpoch));
      SlotStatus.drop(sql, settings.slot());
      Optional<Floor> floor = OutboxSequence.find(sql, settings).map(rows -> rows.floor(sql));
      createSlot(sql);
      int epoch = Epochs.after(latestEpoch, 1, settings.shard());
      record.writeAnew(sql, beginning(sql, epoch, before, floor, Succession.behind(marker)));
    }
    steps.add(step(thing, !prepared));
    return steps;
  }

  /** An earlier change that was broken off may have left it. */
  private void requireLeft(Optional<Memory> before, SlotStatus slot) {
    SlotCheck.requireOwn(settings, slot);
    if (before.map(Memory::succession).filter(Succession::hasSlot).isEmpty()) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "Replication slot '%s' is there already, and not this relay's."
              .formatted(settings.slot()),
          "If nobody needs it: select pg_drop_replication_slot('%s')".formatted(settings.slot()));
    }
  }

  private Memory reservation(
      JdbcClient sql, Optional<Memory> before, String marker, int latestEpoch) {
    return new Memory(
        settings.slot(),
        latestEpoch,
        Server.current(sql),
        Optional.empty(),
        before.map(known -> known.runs() + 1).orElse(0L),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Succession.reserved(marker));
  }

  /** What was made before and is not there any more is a gap, whoever makes it anew. */
  private void requireNoGap(JdbcClient sql, Memory memory) {
    if (memory.gap().isPresent()) {
      throw SlotCheck.remembered(settings, memory);
    }
    if (!publication.exists(sql)) {
      throw publication.missing();
    }
    if (SlotStatus.read(sql, settings.slot()).isEmpty()) {
      throw SlotCheck.missing(settings);
    }
  }

  private List<Step> initializeSlot(JdbcClient sql, Optional<Memory> memory, boolean acceptGap) {
    String thing = "replication slot " + settings.slot();
    Optional<SlotStatus> slot = SlotStatus.read(sql, settings.slot());
    if (slot.isPresent()) {
      SlotCheck.require(settings, slot.get());
      if (memory.isPresent() && !acceptGap) {
        return List.of(new Step(thing, "already there"));
      }
      record.write(sql, nextEpoch(sql, memory, Optional.empty(), true));
      return List.of(
          new Step(
              thing,
              memory.isPresent() ? "already there, gap accepted" : "already there, adopted"));
    }
    // The slot comes first: a crash in between then leaves one to be adopted. The other way round
    // it
    // would leave the memory of a slot that never was, which is a gap.
    Optional<Floor> floor = OutboxSequence.find(sql, settings).map(rows -> rows.floor(sql));
    createSlot(sql);
    record.write(sql, nextEpoch(sql, memory, floor, false));
    List<Step> steps = new ArrayList<>();
    steps.add(new Step(thing, "created"));
    long before = rowsBefore(sql);
    if (before > 0) {
      steps.add(
          new Step(
              "rows written before the slot",
              before + " in table " + settings.tableName() + ", not published"));
    }
    return steps;
  }

  /**
   * @param floor the last row that was written before the slot was made; empty for a slot that
   *     somebody else has made, which may still have to deliver any row
   * @param kept whether the slot is the one that was there before
   */
  private Memory nextEpoch(
      JdbcClient sql, Optional<Memory> before, Optional<Floor> floor, boolean kept) {
    int epoch =
        before
            .map(known -> Epochs.after(known.epoch(), 1, settings.shard()))
            .orElseGet(() -> Epochs.first(settings.shard()));
    return beginning(
        sql,
        epoch,
        before,
        floor,
        before
            .map(Memory::succession)
            .map(known -> kept ? known : known.withNewSlot(epoch))
            .orElse(Succession.NONE));
  }

  private Memory beginning(
      JdbcClient sql,
      int epoch,
      Optional<Memory> before,
      Optional<Floor> floor,
      Succession succession) {
    return new Memory(
        settings.slot(),
        epoch,
        Server.current(sql),
        Optional.empty(),
        // An instance that led before must not take the next run for its own.
        before.map(known -> known.runs() + 1).orElse(0L),
        SlotStatus.read(sql, settings.slot()).map(SlotStatus::confirmedLsn),
        Optional.of(publication.identity(sql)),
        floor,
        Optional.empty(),
        Optional.empty(),
        succession);
  }

  private long rowsBefore(JdbcClient sql) {
    // A table of many millions is not counted whole for a message.
    return sql.sql(
            "select count(*) from (select 1 from %s limit 100000) rows"
                .formatted(settings.tableName().quoted()))
        .query(Long.class)
        .single();
  }

  private void createSlot(JdbcClient sql) {
    boolean failover =
        sql.sql("select current_setting('server_version_num')::int >= 170000")
            .query(Boolean.class)
            .single();
    sql.sql(
            failover
                ? "select pg_create_logical_replication_slot(:slot, 'pgoutput', false, false, true)"
                : "select pg_create_logical_replication_slot(:slot, 'pgoutput')")
        .param("slot", settings.slot())
        .query()
        .listOfRows();
  }

  private static Step step(String thing, boolean created) {
    return new Step(thing, created ? "created" : "already there");
  }

  /** Whether something is missing that belongs to an initialised database. */
  public boolean isDue() {
    return database.call(sql -> record.read(sql).isEmpty() || !parked.exists(sql));
  }

  static RelayException notInitialized(RelaySettings settings, String missing) {
    return new RelayException(
        Stage.PREFLIGHT,
        "Relay '%s' has not been initialised in this database: %s was never made."
            .formatted(settings.name(), missing),
        "Run the relay's 'init' command, or set outbox.relay.auto-init=true.");
  }
}
