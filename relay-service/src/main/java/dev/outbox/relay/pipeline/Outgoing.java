package dev.outbox.relay.pipeline;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.config.RelaySettings.Poison;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.leadership.LeadershipCheck;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.parking.Key;
import dev.outbox.relay.parking.ParkedEvent;
import dev.outbox.relay.parking.ParkingLot;
import dev.outbox.relay.position.InFlightEvents;
import dev.outbox.relay.position.InFlightEvents.Entry;
import dev.outbox.relay.publishing.Handover;
import dev.outbox.relay.publishing.PublishFailure;
import dev.outbox.relay.publishing.PublishFailure.Fatal;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.publishing.PublishFailure.Scope;
import dev.outbox.relay.publishing.Publisher;
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
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events on their way out: admitted within the limit of bytes, handed to the publisher in order,
 * parked when they are refused or wait behind one that is, confirmed when all before them is dealt
 * with. Methods that wait return false when the time for stopping runs out first.
 *
 * <p>For the engine thread, within a call of the source's handler.
 */
final class Outgoing implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Outgoing.class);

  /** Longest wait before looking again whether to stop, or whether something was refused. */
  private static final Duration LOOK_AROUND = Duration.ofMillis(50);

  private static final long PAUSE_MILLIS = 2;

  /** Commits cost less the fewer they are; nobody notices this long within a backlog. */
  private static final Duration TRANSACTION_WITHIN = Duration.ofMillis(30);

  private static final Duration STALLED_AFTER = Duration.ofSeconds(15);

  private final boolean parks;
  private final int parkingLimit;
  private final InFlightEvents<Dispatch> inFlight;
  private final Publisher publisher;
  private final LeadershipCheck leadership;
  private final ParkingLot parking;
  private final EventRouter router;
  private final RelayMetrics metrics;
  private final StopSignal stop;
  private final Confirming confirming;
  private final boolean transactional;
  private final Aside commit = new Aside("outbox-relay-commit");
  private @Nullable SourcePosition last;
  private boolean uncommitted;
  private long uncommittedSince;
  private long lastStallLookNanos = System.nanoTime();

  Outgoing(
      RelaySettings settings,
      InFlightEvents<Dispatch> inFlight,
      Publisher publisher,
      LeadershipCheck leadership,
      ParkingLot parking,
      EventRouter router,
      RelayMetrics metrics,
      StopSignal stop,
      Confirming confirming) {
    this.confirming = confirming;
    this.transactional = settings.delivery() == Delivery.EXACTLY_ONCE;
    this.parks = settings.poison() == Poison.PARK;
    this.parkingLimit = settings.parking().limit();
    this.inFlight = inFlight;
    this.publisher = publisher;
    this.leadership = leadership;
    this.parking = parking;
    this.router = router;
    this.metrics = metrics;
    this.stop = stop;
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
    Routing routing = dispatch.route(router);
    if (routing instanceof Unroutable unroutable) {
      return refuse(admit(dispatch, transaction, size(dispatch)), rejection(unroutable));
    }
    RoutedRecord record = ((Routed) routing).record();
    if (!await(() -> inFlight.hasRoomFor(record.size()))) {
      return false;
    }
    Entry<Dispatch> entry = admit(dispatch, transaction, record.size());
    // Not before: something may have been refused while this waited for room.
    if (parking.holds(parking.key(dispatch.event()), dispatch.position())) {
      return parkBehind(entry);
    }
    Handover handover = handOver(record, dispatch);
    if (handover instanceof Handover.GivenUp) {
      inFlight.withdrawLast();
      return false;
    }
    if (handover instanceof Handover.Taken) {
      taken(dispatch);
    }
    if (handover instanceof Handover.Refused refused) {
      dispatch.failed(refused.failure());
      return publisher.isBroken() ? resolve() : refuse(entry, refused.failure());
    }
    return !publisher.isBroken() || resolve();
  }

  /** An instance that slept may have been replaced meanwhile. */
  private Handover handOver(RoutedRecord record, Dispatch dispatch) {
    leadership.require();
    return publisher.publish(record, dispatch);
  }

  private void taken(Dispatch dispatch) {
    if (last == null || dispatch.position().compareTo(last) > 0) {
      last = dispatch.position();
    }
    if (transactional && !uncommitted) {
      uncommitted = true;
      uncommittedSince = System.nanoTime();
    }
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

  private static Rejected rejection(Unroutable unroutable) {
    return new Rejected(Stage.ROUTING, Scope.RECORD, unroutable.reason(), unroutable.remedy());
  }

  /** Sets aside what is no event at all. */
  boolean publish(Undecodable undecodable) throws InterruptedException {
    Rejected why =
        new Rejected(
            Stage.SOURCE,
            Scope.RECORD,
            undecodable.reason(),
            "correct the service that writes such rows or messages");
    if (!parks || parking.isFull()) {
      inFlight.pass(undecodable.transaction());
      var unused = drain();
      throw parks ? limitReached() : unpublishable(undecodable.subject(), why);
    }
    report(undecodable.subject(), why);
    @Nullable String type = undecodable.aggregateType();
    @Nullable String id = undecodable.aggregateId();
    parking.park(
        type == null || id == null ? null : new Key(router.topic(type), id),
        new ParkedEvent(
            undecodable.position(),
            undecodable.id(),
            type,
            id,
            undecodable.type(),
            undecodable.payload(),
            undecodable.headers(),
            null,
            why.stage(),
            why.reason(),
            1),
        metrics::parked);
    // Not in flight, so it must be durable before anything behind it can be confirmed.
    parking.write();
    metrics.parkedNow(parking.count());
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
   * @param more whether what more than likely comes at once may belong to the same transaction
   */
  boolean endBatch(boolean more) throws InterruptedException {
    lookAtStalled();
    if (!uncommitted) {
      return settle();
    }
    if (!more || System.nanoTime() - uncommittedSince >= TRANSACTION_WITHIN.toNanos()) {
      beginCommit();
    }
    return true;
  }

  /** Goes on behind {@link #endBatch}; to be called before anything else is asked for. */
  boolean goOn() throws InterruptedException {
    return !commit.isBegun() || settle();
  }

  private boolean settle() throws InterruptedException {
    if (!commit()) {
      return false;
    }
    confirming.settled(inFlight.settle());
    return true;
  }

  /** Waits until everything is settled, and confirms it. */
  boolean drain() throws InterruptedException {
    boolean empty = commit() && await(inFlight::isEmpty);
    confirming.settledFinally(inFlight.settle());
    return empty;
  }

  /** The publisher is that thread's until it is done. */
  private void beginCommit() {
    writeParked();
    SourcePosition through = Objects.requireNonNull(last);
    commit.begin(() -> publisher.commit(through));
  }

  /** Parked events are durable before a position behind them can be in Kafka. */
  private boolean commit() throws InterruptedException {
    if (commit.isBegun()) {
      commit.finish(); // how it went, the publisher says again
    }
    writeParked();
    SourcePosition through = last;
    while (through != null && !publisher.commit(through)) {
      if (stop.isTimeOver() || !resolve()) {
        return false;
      }
      parking.write();
    }
    uncommitted = false;
    return true;
  }

  private void writeParked() {
    parking.write();
    metrics.parkedNow(parking.count());
  }

  private boolean await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      if (stop.isTimeOver()) {
        return false;
      }
      lookAtStalled();
      if (publisher.isBroken() ? !resolve() : !commit()) {
        return false;
      }
      confirming.settled(inFlight.settle());
      if (!condition.getAsBoolean()) {
        inFlight.awaitCompletion(LOOK_AROUND);
      }
    }
    return true;
  }

  /**
   * Something was refused: it is parked, and everything that was not sent because of it is sent.
   */
  private boolean resolve() throws InterruptedException {
    do {
      parking.write();
      restore();
      if (!sendAgain(inFlight.open())) {
        return false;
      }
    } while (publisher.isBroken() && !stop.isTimeOver());
    return !publisher.isBroken();
  }

  /**
   * What was handed over counts for nothing now, so no position in Kafka may tell of it until it
   * has been handed over again.
   */
  private void restore() {
    publisher.restore();
    last = null;
    uncommitted = false;
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
          return publisher.isBroken() || haltAt(entry, hindrance);
        }
        setAside(entry, rejected);
      } else {
        unsent.add(entry);
      }
    }
    return send(unsent);
  }

  private boolean send(List<Entry<Dispatch>> unsent) throws InterruptedException {
    for (Entry<Dispatch> entry : unsent) {
      Dispatch dispatch = subject(entry);
      if (parking.holds(parking.key(dispatch.event()), dispatch.position())) {
        if (!parkBehind(entry)) {
          return false;
        }
        continue;
      }
      dispatch.sendingAgain();
      Handover handover = handOver(((Routed) dispatch.route(router)).record(), dispatch);
      if (handover instanceof Handover.GivenUp) {
        return false;
      }
      if (handover instanceof Handover.Taken) {
        taken(dispatch);
      }
      if (handover instanceof Handover.Refused refused) {
        dispatch.failed(refused.failure());
        if (!publisher.isBroken() && !refuse(entry, refused.failure())) {
          return false;
        }
      }
      if (publisher.isBroken()) {
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
    setAside(entry, rejected);
    return true;
  }

  private @Nullable RelayException hindrance(Dispatch dispatch, Rejected rejected) {
    if (!parks) {
      return unpublishable(dispatch.event().describe(), rejected);
    }
    return parking.isFull() ? limitReached() : null;
  }

  private void setAside(Entry<Dispatch> entry, Rejected why) {
    report(subject(entry).event().describe(), why);
    park(entry, why.stage(), why.reason(), 1);
  }

  private boolean parkBehind(Entry<Dispatch> entry) throws InterruptedException {
    if (parking.isFull()) {
      return haltAt(entry, limitReached());
    }
    park(entry, Stage.PARKING, "waits behind an event of its key", 0);
    return true;
  }

  private void park(Entry<Dispatch> entry, Stage stage, String reason, int attempts) {
    OutboxEvent event = subject(entry).event();
    parking.park(
        parking.key(event),
        new ParkedEvent(
            event.position(),
            event.id(),
            event.aggregateType(),
            event.aggregateId(),
            event.type(),
            event.payload(),
            event.headers(),
            event.committedAt(),
            stage,
            reason,
            attempts),
        () -> {
          entry.acknowledge();
          metrics.parked();
        });
  }

  private static void report(String subject, Rejected why) {
    LOG.atWarn()
        .addKeyValue("stage", why.stage())
        .addKeyValue("reason", why.reason())
        .addKeyValue("remedy", why.remedy() + "; then 'parked retry', or 'parked discard'")
        .log("Parked {}; later events of its key wait behind it", subject);
  }

  /** What stands before an event that stops the relay is finished, or each run would repeat it. */
  private boolean haltAt(Entry<Dispatch> entry, RelayException failure)
      throws InterruptedException {
    var unused = await(() -> inFlight.isOldest(entry));
    confirming.settledFinally(inFlight.settle());
    throw failure;
  }

  private static RelayException unpublishable(String subject, Rejected why) {
    return new RelayException(
        why.stage(),
        "Cannot publish %s: %s.".formatted(subject, why.reason()),
        why.remedy() + "; the relay waits before this event, nothing is skipped.");
  }

  private RelayException limitReached() {
    return new RelayException(
        Stage.PARKING,
        "%d events are parked, which is outbox.relay.parking.limit.".formatted(parkingLimit),
        "See 'parked list' for the reasons. Remove the cause, raise the limit and restart the"
            + " relay, then 'parked retry'; nothing is skipped meanwhile.");
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
        .ifPresent(this::lookAtTopic);
  }

  private void lookAtTopic(Dispatch waiting) {
    if (waiting.route(router) instanceof Routed routed) {
      publisher.stalled(routed.record().topic());
    }
  }

  /**
   * How far {@link #publishNow} came.
   *
   * @param published so many, from the first on
   * @param refusal why the next one is not published; null when all are, or stopping came first
   */
  record Outcome(int published, @Nullable Rejected refusal) {}

  /**
   * Publishes events that are not in flight, while nothing is: in order, and none behind one that
   * is refused.
   */
  Outcome publishNow(List<Dispatch> dispatches) throws InterruptedException {
    int end = dispatches.size();
    @Nullable Rejected refusal = null;
    while (true) {
      List<Dispatch> waiting =
          dispatches.subList(0, end).stream().filter(one -> !one.isPublished()).toList();
      if (waiting.isEmpty() || stop.isTimeOver()) {
        return new Outcome(published(dispatches), waiting.isEmpty() ? refusal : null);
      }
      int sent = 0;
      while (sent < waiting.size() && !publisher.isBroken() && sendNow(waiting.get(sent))) {
        sent++;
      }
      if (sent > 0) {
        // Not further: a position in Kafka says that everything up to it is published or parked.
        last = waiting.get(sent - 1).position();
        awaitNow(waiting.subList(0, sent), last);
      }
      if (publisher.isBroken()) {
        restore();
      }
      for (int i = 0; i < end; i++) {
        @Nullable PublishFailure failure = dispatches.get(i).failure();
        if (failure instanceof Fatal fatal) {
          throw fatal.cause();
        }
        if (failure instanceof Rejected rejected) {
          end = i;
          refusal = rejected;
        }
      }
    }
  }

  private static int published(List<Dispatch> dispatches) {
    int published = 0;
    while (published < dispatches.size() && dispatches.get(published).isPublished()) {
      published++;
    }
    return published;
  }

  private boolean sendNow(Dispatch dispatch) {
    dispatch.sendingAgain();
    Routing routing = dispatch.route(router);
    if (routing instanceof Unroutable unroutable) {
      dispatch.failed(rejection(unroutable));
      return false;
    }
    Handover handover = handOver(((Routed) routing).record(), dispatch);
    if (handover instanceof Handover.Refused refused) {
      dispatch.failed(refused.failure());
    }
    return handover instanceof Handover.Taken;
  }

  private void awaitNow(List<Dispatch> sent, SourcePosition through) throws InterruptedException {
    long lookAt = System.nanoTime() + STALLED_AFTER.toNanos();
    while (!stop.isTimeOver() && publisher.commit(through)) {
      Optional<Dispatch> waiting = sent.stream().filter(one -> !one.isPublished()).findFirst();
      if (waiting.isEmpty()) {
        return;
      }
      if (System.nanoTime() - lookAt > 0) {
        lookAtTopic(waiting.get());
        lookAt = System.nanoTime() + STALLED_AFTER.toNanos();
      }
      Thread.sleep(PAUSE_MILLIS);
    }
  }

  /** After the publisher's end, which ends what is under way. */
  @Override
  public void close() {
    commit.close();
  }
}
