package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.Attribution;
import dev.outbox.relay.control.ControlMessage;
import dev.outbox.relay.control.ControlMessage.Discard;
import dev.outbox.relay.control.ControlMessage.Release;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.operations.ProgressListener.Progress;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.parking.ParkedTable.Listed;
import dev.outbox.relay.slot.CommandLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Events that were set aside, and what is to become of them. Decisions travel through the log: once
 * written they are carried out, whatever becomes of this process, by whichever instance leads.
 *
 * <p>For one thread.
 */
public final class ParkedEvents {

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final ProgressListener progress;

  /**
   * @param progress told while the relay is waited for
   */
  public ParkedEvents(SourceDatabase database, RelaySettings settings, ProgressListener progress) {
    this.database = database;
    this.settings = settings;
    this.progress = progress;
  }

  /**
   * Events in order of the log, shard by shard.
   *
   * @param all whether released and discarded ones are wanted too
   * @param most how many at most
   */
  public List<Listed> list(boolean all, int most) {
    return settings.eachShard().stream()
        .flatMap(shard -> database.call(sql -> table(shard).list(sql, all, most)).stream())
        .limit(most)
        .toList();
  }

  /**
   * One event, whatever its state.
   *
   * @param idOrPosition its ID or its place in the log
   * @throws RelayException when it was never parked
   */
  public Listed find(String idOrPosition) {
    return locate(idOrPosition).event();
  }

  /**
   * @param shard the settings of the shard that has it
   */
  private record Located(RelaySettings shard, Listed event) {}

  private Located locate(String idOrPosition) {
    for (RelaySettings shard : settings.eachShard()) {
      Optional<Listed> event = database.call(sql -> table(shard).find(sql, idOrPosition));
      if (event.isPresent()) {
        return new Located(shard, event.get());
      }
    }
    throw new RelayException(
        Stage.PARKING,
        "No event with ID or position '%s' was ever parked by relay '%s'."
            .formatted(idOrPosition, settings.name()),
        "See 'parked list --all'.");
  }

  private static ParkedTable table(RelaySettings shard) {
    return new ParkedTable(shard);
  }

  /**
   * An event's payload; only for those whom a setting allows to see it.
   *
   * @param position its place in the log
   * @return empty for a tombstone, or when no event was parked there
   */
  public Optional<byte[]> payload(String position) {
    return settings.eachShard().stream()
        .flatMap(shard -> database.call(sql -> table(shard).payload(sql, position)).stream())
        .findFirst();
  }

  /**
   * What came of a retry.
   *
   * @param keys keys that are to be tried again
   * @param carriedOut whether the relay has done it; otherwise it will
   * @param stillParked events that are parked now
   */
  public record Retried(int keys, boolean carriedOut, int stillParked) {}

  /**
   * Has a key's parked events published in order, and then lets the key flow.
   *
   * @param key {@code TYPE/ID}, or ID or position of one of its events
   * @param patience longest wait for the relay to carry it out; zero does not wait
   * @throws RelayException when the event was never parked, or has no key
   */
  public Retried retry(String key, Attribution asked, Duration patience)
      throws InterruptedException {
    AggregateName name = AggregateName.parse(key).orElseGet(() -> keyOf(find(key)));
    return retry(List.of(new Parked(settings.shardOf(name.id()), name)), asked, patience);
  }

  /**
   * The same for every key that has parked events.
   *
   * @param patience longest wait for the relay to carry out the next of them
   */
  public Retried retryAll(Attribution asked, Duration patience) throws InterruptedException {
    List<Parked> keys =
        settings.eachShard().stream()
            .flatMap(
                shard ->
                    database.call(table(shard)::holds).stream()
                        .map(hold -> new AggregateName(hold.aggregateType(), hold.aggregateId()))
                        .map(key -> new Parked(shard, key)))
            .toList();
    return retry(keys, asked, patience);
  }

  /** A key, and the settings of the shard that has it. */
  private record Parked(RelaySettings shard, AggregateName key) {}

  private Retried retry(List<Parked> keys, Attribution asked, Duration patience)
      throws InterruptedException {
    List<Written> commands = new ArrayList<>();
    for (Parked parked : keys) {
      AggregateName key = parked.key();
      commands.add(
          write(parked.shard(), new Release(key.type(), key.id(), asked.by(), asked.reason())));
    }
    boolean carriedOut = await("Retrying", commands, "keys", patience);
    int stillParked =
        settings.eachShard().stream().mapToInt(shard -> database.call(table(shard)::count)).sum();
    return new Retried(keys.size(), carriedOut, stillParked);
  }

  private static AggregateName keyOf(Listed event) {
    if (event.aggregateType() == null || event.aggregateId() == null) {
      throw new RelayException(
          Stage.PARKING,
          "Event %s has no key: %s".formatted(event.position(), event.reason()),
          "It can only be discarded.");
    }
    return new AggregateName(event.aggregateType(), event.aggregateId());
  }

  /**
   * What came of a discard.
   *
   * @param position where the event stood in the log
   * @param carriedOut whether the relay has done it; otherwise it will
   * @param stillParkedOfItsKey events of its key that are parked now
   */
  public record Discarded(String position, boolean carriedOut, int stillParkedOfItsKey) {}

  /**
   * Gives an event up for good; later events of its key stay parked until a retry.
   *
   * @param idOrPosition its ID or its place in the log
   * @param asked the reason is recorded beside the event, and must not be blank
   * @param patience longest wait for the relay to carry it out; zero does not wait
   * @throws RelayException when there is no reason, or the event is not parked
   */
  public Discarded discard(String idOrPosition, Attribution asked, Duration patience)
      throws InterruptedException {
    if (asked.reason().isBlank()) {
      throw new RelayException(
          Stage.PARKING, "The reason is empty.", "Say why the event is given up.");
    }
    Located located = locate(idOrPosition);
    Listed event = located.event();
    if (!event.state().equals("parked")) {
      throw new RelayException(
          Stage.PARKING,
          "Event %s is %s already.".formatted(idOrPosition, event.state()),
          "None needed.");
    }
    Written command =
        write(located.shard(), new Discard(event.position(), asked.reason(), asked.by()));
    boolean carriedOut = await("Discarding", List.of(command), "events", patience);
    int behind =
        database.call(
            sql -> table(located.shard()).count(sql, event.aggregateType(), event.aggregateId()));
    return new Discarded(event.position(), carriedOut, behind);
  }

  /**
   * A command in the log.
   *
   * @param shard the settings of the shard that carries it out
   * @param place its LSN
   */
  private record Written(RelaySettings shard, long place) {}

  private Written write(RelaySettings shard, ControlMessage command) {
    return new Written(shard, new CommandLog(database, shard).write(command));
  }

  /** Waits for one after the other, so that many take as long as they take while they get on. */
  private boolean await(String doing, List<Written> commands, String unit, Duration patience)
      throws InterruptedException {
    for (int done = 0; done < commands.size(); done++) {
      Progress soFar = Progress.of(doing, done, commands.size(), unit);
      Written command = commands.get(done);
      if (!new SlotPassage(database, command.shard())
          .await(command.place(), patience, look -> progress.at(soFar.with(look.detail())))) {
        return false;
      }
    }
    progress.at(Progress.of(doing, commands.size(), commands.size(), unit));
    return true;
  }
}
