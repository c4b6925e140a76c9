package dev.outbox.relay.parking;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.Fence;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.parking.ParkedTable.Candidate;
import dev.outbox.relay.parking.ParkedTable.Hold;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Sets events aside and knows which keys wait. The table is the truth; what is kept in memory is
 * what the engine thread must know of each event that passes. One lot serves one run; every write
 * is fenced, so an instance that was replaced changes nothing.
 *
 * <p>For the engine thread; {@link #count} may be asked by any.
 */
public final class ParkingLot {

  /** So many, or so many bytes, are written at once. */
  private static final int WRITE_EVENTS = 500;

  private static final long WRITE_BYTES = 4L << 20;

  private final SourceDatabase database;
  private final ParkedTable table;
  private final Fence fence;
  private final UnaryOperator<String> topicOf;
  private final int limit;
  private final Map<Key, SourcePosition> holds = new HashMap<>();
  private final Set<String> positionsSetAside = new HashSet<>();
  private final Set<String> idsSetAside = new HashSet<>();
  private final List<ParkedEvent> unwritten = new ArrayList<>();
  private final List<Runnable> whenWritten = new ArrayList<>();
  private long unwrittenBytes;
  private volatile int count;

  /**
   * @param topicOf the topic of an aggregate type
   */
  public ParkingLot(
      SourceDatabase database, RelaySettings settings, Fence fence, UnaryOperator<String> topicOf) {
    this.database = database;
    this.table = new ParkedTable(settings);
    this.fence = fence;
    this.topicOf = topicOf;
    this.limit = settings.parking().limit();
  }

  /**
   * Takes over what shards of another number had set aside, as far as it is of this shard's keys;
   * to be called before {@link #load}.
   *
   * @param relays names of those shards
   */
  public void takeOver(List<String> relays) {
    if (!relays.isEmpty()) {
      int unused =
          database.inPatientTransaction(
              Stage.PARKING,
              sql -> {
                fence.require(sql);
                return table.takeOver(sql, relays);
              });
    }
  }

  /** Reads what former runs have set aside; to be called once it is certain that this one leads. */
  public void load(SourcePosition start) {
    database.inTransaction(
        Stage.PARKING,
        sql -> {
          fence.require(sql);
          count = table.count(sql);
          for (Hold hold : table.holds(sql)) {
            hold(key(hold), hold.first());
          }
          positionsSetAside.addAll(table.positionsFrom(sql, start));
          idsSetAside.addAll(table.idsBefore(sql, start.epoch()));
          return count;
        });
  }

  private Key key(Hold hold) {
    return new Key(topicOf.apply(hold.aggregateType()), hold.aggregateId());
  }

  /** The key that an event keeps order with. */
  public Key key(OutboxEvent event) {
    return new Key(topicOf.apply(event.aggregateType()), event.aggregateId());
  }

  private void hold(Key key, SourcePosition from) {
    holds.merge(key, from, (one, other) -> one.compareTo(other) <= 0 ? one : other);
  }

  /** Whether an event was set aside before: reading it again after a restart changes nothing. */
  public boolean wasSetAside(SourcePosition position, @Nullable String id) {
    return (!positionsSetAside.isEmpty() && positionsSetAside.contains(position.asText()))
        || (!idsSetAside.isEmpty() && id != null && idsSetAside.contains(id));
  }

  /** Whether an event of this key must wait behind a parked one. */
  public boolean holds(Key key, SourcePosition position) {
    if (holds.isEmpty()) {
      return false;
    }
    @Nullable SourcePosition first = holds.get(key);
    return first != null && position.compareTo(first) > 0;
  }

  /** Whether the limit leaves no room for another event. */
  public boolean isFull() {
    return count + unwritten.size() >= limit;
  }

  /**
   * Takes an event in; its key waits from now on.
   *
   * @param key null when it cannot be told; then nothing waits for the event
   * @param whenWritten called by the {@link #write} that makes it durable
   */
  public void park(@Nullable Key key, ParkedEvent event, Runnable whenWritten) {
    if (key != null) {
      hold(key, event.position());
    }
    unwritten.add(event);
    this.whenWritten.add(whenWritten);
    byte @Nullable [] payload = event.payload();
    unwrittenBytes += payload == null ? 0 : payload.length;
    if (unwritten.size() >= WRITE_EVENTS || unwrittenBytes >= WRITE_BYTES) {
      write();
    }
  }

  /**
   * Makes durable what was taken in.
   *
   * @throws dev.outbox.relay.failure.RelayException when the database refuses, or another instance
   *     has taken over
   */
  public void write() {
    if (unwritten.isEmpty()) {
      return;
    }
    count +=
        database.inTransaction(
            Stage.PARKING,
            sql -> {
              fence.require(sql);
              return table.insert(sql, unwritten);
            });
    unwritten.clear();
    unwrittenBytes = 0;
    whenWritten.forEach(Runnable::run);
    whenWritten.clear();
  }

  /**
   * An event on its way out.
   *
   * @param parkedAt where it stood in the log
   * @param offset its place within the control message that releases it
   */
  public record Leaving(SourcePosition parkedAt, int offset, int bytes) {}

  /** What a control message at this position is to publish, in order. */
  public List<Leaving> leaving(Key key, SourcePosition control) {
    write();
    List<Candidate> candidates =
        database.call(sql -> table.candidates(sql, key.aggregateId(), control));
    List<Leaving> leaving = new ArrayList<>();
    int offset = 0;
    for (Candidate candidate : candidates) {
      if (topicOf.apply(candidate.aggregateType()).equals(key.topic())) {
        if (candidate.parked()) {
          leaving.add(new Leaving(candidate.position(), offset, candidate.bytes()));
        }
        offset++;
      }
    }
    return leaving;
  }

  /** The events themselves, in order. */
  public List<ParkedEvent> read(List<Leaving> leaving) {
    return database.call(sql -> table.read(sql, leaving.stream().map(Leaving::parkedAt).toList()));
  }

  /** These are on their topic, at their places of the control message. */
  public void released(List<Leaving> published, SourcePosition control) {
    change(
        sql ->
            published.forEach(
                event -> table.release(sql, event.parkedAt(), control.within(event.offset()))));
    count -= published.size();
  }

  /** Publishing the event was tried again in vain. */
  public void refusedAgain(SourcePosition parkedAt, Stage stage, String reason) {
    change(sql -> table.refusedAgain(sql, parkedAt, stage, reason));
  }

  /** Gives an event up; does nothing when it has been dealt with. */
  public boolean discard(SourcePosition parkedAt, SourcePosition control, String reason) {
    write();
    boolean[] discarded = new boolean[1];
    change(sql -> discarded[0] = table.discard(sql, parkedAt, control, reason));
    if (discarded[0]) {
      count--;
      rebuildHolds();
    }
    return discarded[0];
  }

  /** Lets a key flow, as far as nothing of it is parked any more. */
  public void settle(Key key) {
    holds.remove(key);
    for (Hold hold : database.call(sql -> table.holds(sql, key.aggregateId()))) {
      hold(key(hold), hold.first());
    }
  }

  private void rebuildHolds() {
    List<Hold> now = database.call(table::holds);
    holds.clear();
    now.forEach(hold -> hold(key(hold), hold.first()));
  }

  private void change(Consumer<JdbcClient> change) {
    database.inTransaction(
        Stage.PARKING,
        sql -> {
          fence.require(sql);
          change.accept(sql);
          return Boolean.TRUE;
        });
  }

  /** Events parked now. */
  public int count() {
    return count;
  }
}
