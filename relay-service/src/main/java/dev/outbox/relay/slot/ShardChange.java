package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlLog;
import dev.outbox.relay.control.ControlMessage.Divide;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.DatabaseFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.slot.Division.Member;
import dev.outbox.relay.slot.Initialization.Step;
import dev.outbox.relay.slot.RelayRecord.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Changes the number of shards of an outbox, by steps of which each can be repeated: new slots are
 * made, a marker is written into the log, the shards that were publish what stands before it and
 * end, then those that are to come begin behind it, and what the former had is removed.
 * Thread-safe.
 */
public final class ShardChange {

  private final SourceDatabase database;
  private final RelaySettings before;
  private final RelaySettings after;
  private final ShardRecord record;

  /**
   * @param before settings with the number of shards until now
   * @param after the same with another number
   */
  public ShardChange(SourceDatabase database, RelaySettings before, RelaySettings after) {
    this.database = database;
    this.before = before;
    this.after = after;
    this.record = new ShardRecord(before);
  }

  /**
   * How the outbox is divided.
   *
   * @throws RelayException when the database cannot be asked
   */
  public static Division division(SourceDatabase database, RelaySettings settings) {
    return database.call(sql -> division(sql, settings));
  }

  /** The same by a conversation that is under way. */
  public static Division division(JdbcClient sql, RelaySettings settings) {
    return new ShardRecord(settings).division(sql);
  }

  /**
   * How far the change is.
   *
   * @param ended shards of the former number that have published all that they had to
   * @param begun shards of the new number that have begun, with what was parked
   * @param read slots of the former number that an instance still has
   */
  public record Look(int ended, int begun, int read) {}

  /**
   * Makes publications and slots of the new shards; waits for running transactions of the server.
   *
   * @throws RelayException when something is in the way
   */
  public List<Step> prepare() {
    return patiently(
        sql -> {
          var unused = new RelayRecord(before).createTable(sql);
          requireDue(sql);
          requireSound(sql);
          List<Step> steps = new ArrayList<>();
          String marker = marker(sql).orElseGet(() -> UUID.randomUUID().toString());
          boolean marked = isMarked(sql);
          int latestEpoch = record.division(sql).latestEpochBefore(after.shards());
          for (RelaySettings shard : after.eachShard()) {
            steps.addAll(
                new Initialization(database, shard).prepare(sql, marker, marked, latestEpoch));
          }
          return steps;
        });
  }

  private boolean isMarked(JdbcClient sql) {
    return record.division(sql).of(before.shards()).stream().anyMatch(Member::marked);
  }

  /** Another command may have got here first. */
  private void requireDue(JdbcClient sql) {
    Division division = record.division(sql);
    int now = division.now().orElse(0);
    int next = division.next().orElse(after.shards());
    if (now != before.shards() || next != after.shards() || !division.isSettled()) {
      throw new RelayException(
          Stage.OPERATIONS,
          "A change to %d shards is under way.".formatted(next == after.shards() ? now : next),
          next == after.shards()
              ? "Finish it with 'shards %d'.".formatted(now)
              : "Finish it with 'shards %d', or take it back with 'shards %d'."
                  .formatted(next, now));
    }
  }

  /** What a former shard has still to find out or to recover must not be left to nobody. */
  private void requireSound(JdbcClient sql) {
    for (RelaySettings shard : before.eachShard()) {
      Memory memory =
          new RelayRecord(shard)
              .read(sql)
              .orElseThrow(
                  () -> Initialization.notInitialized(shard, "replication slot " + shard.slot()));
      if (memory.succession().ended()) {
        continue;
      }
      if (memory.gap().isPresent() || memory.recoverySnapshot().isPresent()) {
        throw new RelayException(
            Stage.OPERATIONS,
            "Relay '%s' has a gap to recover from: %s"
                .formatted(shard.name(), memory.gap().or(memory::recoveredGap).orElse("")),
            "Let the relay run until it has recovered ('status' tells), then change the number of"
                + " shards.");
      }
    }
  }

  /** The marker of a change to this number that has begun before. */
  private Optional<String> marker(JdbcClient sql) {
    return after.eachShard().stream()
        .flatMap(shard -> new RelayRecord(shard).read(sql).stream())
        .map(Memory::succession)
        .filter(succession -> succession.awaitsMarker() && !succession.ended())
        .flatMap(succession -> succession.marker().stream())
        .findFirst();
  }

  /**
   * Writes the marker into the log, for all shards that concerns; from now on the change cannot be
   * taken back. Another one of the same kind does no harm, and reaches a shard whose slot was made
   * anew behind the one before.
   */
  public void mark() {
    patiently(
        sql -> {
          if (record.division(sql).now().orElse(0) == after.shards()) {
            return List.of(); // all have ended meanwhile
          }
          requireDue(sql);
          String marker = marker(sql).orElseThrow(this::notPrepared);
          // Visible before there is a marker: a commit may reach the log's readers before others.
          record.endAt(sql, marker, names(before));
          return database.inTransaction(
              Stage.OPERATIONS, transaction -> write(transaction, new Divide(marker)));
        });
  }

  private RelayException notPrepared() {
    return new RelayException(
        Stage.OPERATIONS,
        "The change to %d shards was taken back.".formatted(after.shards()),
        "Begin it again with 'shards %d'.".formatted(after.shards()));
  }

  private List<Long> write(JdbcClient sql, Divide marker) {
    return Stream.concat(names(before).stream(), names(after).stream())
        .map(name -> new ControlLog(name).write(sql, marker))
        .toList();
  }

  private static List<String> names(RelaySettings settings) {
    return settings.eachShard().stream().map(RelaySettings::name).toList();
  }

  /** How far it is. */
  public Look look() {
    return database.call(
        sql -> {
          Division division = record.division(sql);
          List<Member> former = division.of(before.shards());
          int left = new ParkedTable(before).count(sql, division.others(after.shards()));
          return new Look(
              (int) former.stream().filter(Member::ended).count(),
              left > 0
                  ? 0
                  : (int)
                      division.of(after.shards()).stream()
                          .filter(shard -> !shard.waits() && !shard.ended())
                          .count(),
              (int)
                  before.eachShard().stream()
                      .flatMap(shard -> SlotStatus.read(sql, shard.slot()).stream())
                      .filter(slot -> slot.activePid() != null)
                      .count());
        });
  }

  /** Removes slots and publications of the shards that have ended; nothing if that was done. */
  public List<Step> removeFormer() {
    return patiently(
        sql ->
            record.division(sql).formers().contains(before.shards())
                ? remove(sql, before)
                : List.of());
  }

  /**
   * Takes back a change whose marker is not written.
   *
   * @throws RelayException when it is
   */
  public List<Step> takeBack() {
    return patiently(
        sql -> {
          if (isMarked(sql)) {
            throw new RelayException(
                Stage.OPERATIONS,
                "The change to %d shards cannot be taken back: its marker is in the log."
                    .formatted(after.shards()),
                "Finish it with 'shards %d', then change the number again."
                    .formatted(after.shards()));
          }
          record.giveUp(sql, names(after));
          return remove(sql, after);
        });
  }

  private List<Step> remove(JdbcClient sql, RelaySettings former) {
    List<Step> steps = new ArrayList<>();
    for (RelaySettings shard : former.eachShard()) {
      Optional<SlotStatus> slot = SlotStatus.read(sql, shard.slot());
      if (slot.isPresent()) {
        SlotCheck.requireOwn(shard, slot.get());
        SlotStatus.drop(sql, shard.slot());
        steps.add(new Step("replication slot " + shard.slot(), "removed"));
      }
      Publication publication = new Publication(shard);
      if (publication.exists(sql)) {
        steps.add(new Step("publication " + shard.publication(), remove(sql, publication)));
      }
      new ShardRecord(shard).clear(sql);
    }
    return steps;
  }

  /** It costs nothing where it stands, and a role that only relays may not remove it. */
  private static String remove(JdbcClient sql, Publication publication) {
    try {
      publication.drop(sql);
      return "removed";
    } catch (DataAccessException e) {
      if (DatabaseFailures.isDenied(e)) {
        return "left to its owner, who may drop it";
      }
      throw e;
    }
  }

  private <T> T patiently(Function<JdbcClient, T> work) {
    return database.callPatiently(sql -> InitializationLock.holding(sql, () -> work.apply(sql)));
  }
}
