package dev.outbox.relay.pipeline;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.position.InFlightEvents;
import dev.outbox.relay.position.InFlightEvents.Entry;
import dev.outbox.relay.publishing.Handover;
import dev.outbox.relay.publishing.PublishFailure;
import dev.outbox.relay.publishing.PublishFailure.Fatal;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.publishing.PublishFailure.Scope;
import dev.outbox.relay.routing.EventRouter;
import dev.outbox.relay.routing.RoutedRecord;
import dev.outbox.relay.routing.Routing;
import dev.outbox.relay.routing.Routing.Routed;
import dev.outbox.relay.routing.Routing.Unroutable;
import dev.outbox.relay.source.SourceHandler.Confirmation;
import dev.outbox.relay.source.SourceItem.Undecodable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Events on their way out: admitted within the limit of bytes, handed to the publisher in order,
 * parked when they are refused or wait behind one that is, confirmed when all before them is dealt
 * with. Methods that wait return false when the time for stopping runs out first.
 *
 * <p>For the engine thread, within a call of the source's handler.
 */
final class Outgoing {

  /** Longest wait before looking again whether to stop, or whether something was refused. */
  private static final Duration LOOK_AROUND = Duration.ofMillis(50);

  static final Duration STALLED_AFTER = Duration.ofSeconds(15);

  private final InFlightEvents<Dispatch> inFlight;
  private final Feed feed;
  private final PoisonPolicy poison;
  private final RelayMetrics metrics;
  private final StopSignal stop;
  private final Confirming confirming;
  private long lastStallLookNanos = System.nanoTime();
  private boolean underWay;

  Outgoing(
      InFlightEvents<Dispatch> inFlight,
      Feed feed,
      PoisonPolicy poison,
      RelayMetrics metrics,
      StopSignal stop,
      Confirming confirming) {
    this.inFlight = inFlight;
    this.feed = feed;
    this.poison = poison;
    this.metrics = metrics;
    this.stop = stop;
    this.confirming = confirming;
  }

  /** From now on positions are confirmed with this. */
  void confirmWith(Confirmation current) {
    confirming.with(current);
  }

  /** The position confirmed last. Any thread. */
  long confirmed() {
    return confirming.confirmed();
  }

  /** An event that becomes a record as it is. */
  Dispatch dispatch(OutboxEvent event) {
    return new Dispatch(event, EventRouter::route, () -> metrics.published(event));
  }

  /** A parked event, as it is; how long it was parked tells nothing about what is committed now. */
  Dispatch dispatchReleased(OutboxEvent event) {
    return new Dispatch(event, EventRouter::route, metrics::published);
  }

  /** An event that a command publishes once more. */
  Dispatch dispatchAgain(OutboxEvent event, @Nullable String topic, SourcePosition command) {
    return new Dispatch(
        event, (to, replayed) -> to.routeReplayed(replayed, topic, command), metrics::published);
  }

  /**
   * Sends an event after all before it, or parks it.
   *
   * @param transaction LSN that may be confirmed once it and everything before it is settled
   */
  boolean publish(Dispatch dispatch, long transaction) throws InterruptedException {
    Routing routing = feed.route(dispatch);
    if (routing instanceof Unroutable unroutable) {
      return refuse(admit(dispatch, transaction, size(dispatch)), Dispatch.rejection(unroutable));
    }
    RoutedRecord record = ((Routed) routing).record();
    if (!await(() -> inFlight.hasRoomFor(record.size()))) {
      return false;
    }
    Entry<Dispatch> entry = admit(dispatch, transaction, record.size());
    // Not before: something may have been refused while this waited for room.
    if (poison.holds(dispatch)) {
      return parkBehind(dispatch, entry);
    }
    Handover handover = feed.handOver(record, dispatch);
    if (handover instanceof Handover.GivenUp) {
      inFlight.withdrawLast();
      return false;
    }
    if (handover instanceof Handover.Refused refused && !feed.isBroken()) {
      return refuse(entry, refused.failure());
    }
    return !feed.isBroken() || resolve();
  }

  private Entry<Dispatch> admit(Dispatch dispatch, long transaction, int size) {
    Entry<Dispatch> entry = inFlight.admit(transaction, size, dispatch);
    dispatch.holds(entry);
    return entry;
  }

  private static int size(Dispatch dispatch) {
    byte @Nullable [] payload = dispatch.event().payload();
    return payload == null ? 0 : payload.length;
  }

  /** Sets aside what is no event at all. */
  boolean publish(Undecodable undecodable) throws InterruptedException {
    Rejected why =
        new Rejected(
            Stage.SOURCE,
            Scope.RECORD,
            undecodable.reason(),
            "correct the service that writes such rows or messages");
    @Nullable RelayException hindrance = poison.hindrance(undecodable.subject(), why);
    if (hindrance != null) {
      inFlight.pass(undecodable.transaction());
      var unused = drain();
      throw hindrance;
    }
    poison.setAside(undecodable, why);
    inFlight.pass(undecodable.transaction());
    return true;
  }

  /** Something that needs no publishing. */
  void pass(long transaction) {
    inFlight.pass(transaction);
  }

  /**
   * Ends a batch: what can be settled is settled. The end of a Kafka transaction takes a while, so
   * it is only begun here; {@link #goOn} waits for it.
   *
   * @param more whether more than likely comes at once, which may go into the same Kafka
   *     transaction
   * @param unfinished whether the batch ends amid a transaction of the database
   */
  boolean endBatch(boolean more, boolean unfinished) throws InterruptedException {
    underWay = unfinished;
    lookAtStalled();
    if (!feed.isUncommitted()) {
      return settle();
    }
    if (!more || feed.isCommitDue()) {
      poison.write(); // durable before a position behind it can be in Kafka
      feed.beginCommit(underWay);
    }
    return true;
  }

  /** Goes on behind {@link #endBatch}; to be called before anything else is asked for. */
  boolean goOn() throws InterruptedException {
    return !feed.isCommitBegun() || settle();
  }

  private boolean settle() throws InterruptedException {
    if (!commit(underWay)) {
      return false;
    }
    confirming.settled(inFlight.settle());
    return true;
  }

  /** Waits until everything is settled, and confirms it. */
  boolean drain() throws InterruptedException {
    boolean empty = commit(false) && await(inFlight::isEmpty);
    confirming.settledFinally(inFlight.settle());
    return empty;
  }

  /** Parked events are durable before a position behind them can be in Kafka. */
  private boolean commit(boolean mayKeepBack) throws InterruptedException {
    feed.finishCommit();
    poison.write();
    @Nullable SourcePosition through = feed.last();
    while (through != null && !feed.commit(through, mayKeepBack)) {
      if (stop.isTimeOver() || !resolve()) {
        return false;
      }
      poison.write();
    }
    return true;
  }

  private boolean await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      if (stop.isTimeOver()) {
        return false;
      }
      lookAtStalled();
      if (feed.isBroken() ? !resolve() : !commitToGoOn()) {
        return false;
      }
      confirming.settled(inFlight.settle());
      if (!condition.getAsBoolean()) {
        inFlight.awaitCompletion(LOOK_AROUND);
      }
    }
    return true;
  }

  /** What is waited for may be behind a transaction that alone is larger than all that may wait. */
  private boolean commitToGoOn() throws InterruptedException {
    return commit(true) && (!feed.keepsAllBack() || commit(false));
  }

  /**
   * Something was refused: it is parked, and everything that was not sent because of it is sent.
   */
  private boolean resolve() throws InterruptedException {
    do {
      poison.write();
      feed.restore();
      if (!sendAgain(inFlight.open())) {
        return false;
      }
    } while (feed.isBroken() && !stop.isTimeOver());
    return !feed.isBroken();
  }

  private boolean sendAgain(List<Entry<Dispatch>> open) throws InterruptedException {
    List<Entry<Dispatch>> unsent = new ArrayList<>();
    for (Entry<Dispatch> entry : open) {
      Dispatch dispatch = subject(entry);
      @Nullable PublishFailure failure = dispatch.failure();
      if (failure instanceof Fatal fatal) {
        throw fatal.cause();
      }
      if (failure instanceof Rejected rejected) {
        @Nullable RelayException hindrance = hindrance(dispatch, rejected);
        if (hindrance != null) {
          if (!send(unsent)) {
            return false;
          }
          return feed.isBroken() || haltAt(entry, hindrance);
        }
        poison.setAside(dispatch, rejected);
      } else {
        unsent.add(entry);
      }
    }
    return send(unsent);
  }

  private boolean send(List<Entry<Dispatch>> unsent) throws InterruptedException {
    for (Entry<Dispatch> entry : unsent) {
      Dispatch dispatch = subject(entry);
      if (poison.holds(dispatch)) {
        if (!parkBehind(dispatch, entry)) {
          return false;
        }
        continue;
      }
      dispatch.sendingAgain();
      Handover handover = feed.handOver(((Routed) feed.route(dispatch)).record(), dispatch);
      if (handover instanceof Handover.GivenUp) {
        return false;
      }
      if (handover instanceof Handover.Refused refused
          && !feed.isBroken()
          && !refuse(entry, refused.failure())) {
        return false;
      }
      if (feed.isBroken()) {
        return true; // the caller begins again
      }
    }
    return true;
  }

  private static Dispatch subject(Entry<Dispatch> entry) {
    return Objects.requireNonNull(entry.subject());
  }

  /** An event was refused without harm to others. */
  private boolean refuse(Entry<Dispatch> entry, PublishFailure failure)
      throws InterruptedException {
    if (failure instanceof Fatal fatal) {
      throw fatal.cause();
    }
    Rejected rejected = (Rejected) failure;
    Dispatch dispatch = subject(entry);
    dispatch.failed(rejected);
    @Nullable RelayException hindrance = hindrance(dispatch, rejected);
    if (hindrance != null) {
      return haltAt(entry, hindrance);
    }
    poison.setAside(dispatch, rejected);
    return true;
  }

  private @Nullable RelayException hindrance(Dispatch dispatch, Rejected rejected) {
    return poison.hindrance(dispatch.event().describe(), rejected);
  }

  private boolean parkBehind(Dispatch dispatch, Entry<Dispatch> entry) throws InterruptedException {
    @Nullable RelayException hindrance = poison.hindranceBehind();
    if (hindrance != null) {
      return haltAt(entry, hindrance);
    }
    poison.setBehind(dispatch);
    return true;
  }

  /** What stands before an event that stops the relay is finished, or each run would repeat it. */
  private boolean haltAt(Entry<Dispatch> entry, RelayException failure)
      throws InterruptedException {
    var unused = await(() -> inFlight.isOldest(entry));
    confirming.settledFinally(inFlight.settle());
    throw failure;
  }

  /** A topic that was deleted would hold what waits for it, and in the end everything, for ever. */
  private void lookAtStalled() {
    long now = System.nanoTime();
    if (now - lastStallLookNanos < STALLED_AFTER.toNanos()
        || inFlight.oldestAge().compareTo(STALLED_AFTER) < 0) {
      return;
    }
    lastStallLookNanos = now;
    inFlight.open().stream()
        .map(Entry::subject) // of one that was acknowledged meanwhile there is none any more
        .filter(Objects::nonNull)
        .findFirst()
        .ifPresent(feed::lookAtTopic);
  }
}
