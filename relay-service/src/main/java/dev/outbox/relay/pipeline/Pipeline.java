package dev.outbox.relay.pipeline;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlLog;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.leadership.LeadershipCheck;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.parking.ParkingLot;
import dev.outbox.relay.position.InFlightEvents;
import dev.outbox.relay.publishing.Outlet;
import dev.outbox.relay.publishing.Publisher;
import dev.outbox.relay.recovery.Recovery;
import dev.outbox.relay.routing.EventRouter;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import dev.outbox.relay.slot.RunFence;
import dev.outbox.relay.slot.ShardTurnover;
import dev.outbox.relay.source.OutboxSource;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.source.SourceHandler;
import dev.outbox.relay.source.SourceItem;
import dev.outbox.relay.source.SourceItem.Control;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.SourceItem.Ignored;
import dev.outbox.relay.source.SourceItem.Undecodable;
import dev.outbox.relay.source.debezium.DebeziumSource;
import dev.outbox.relay.source.pgoutput.PgOutputSource;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The way of events from the write-ahead log to Kafka and of acknowledgements back: decode, route,
 * admit, send without waiting, confirm the acknowledged prefix. One pipeline serves one run.
 *
 * <p>{@link #handle} runs on the engine thread; {@link #stop}, {@link #abort} and the figures may
 * be used by any thread.
 */
public final class Pipeline implements SourceHandler, AutoCloseable {

  private final OutboxSource source;
  private final Publisher publisher;
  private final ParkingLot parking;
  private final InFlightEvents<Dispatch> inFlight;
  private final Confirming confirming;
  private final Feed feed;
  private final Outgoing outgoing;
  private final Commands commands;
  private final ShardTurnover turnover;
  private final List<String> predecessors;
  private final RelayMetrics metrics;
  private final Runnable whenStreaming;
  private final Optional<Recovery> recovery;
  private final StopSignal stop;
  private final Duration drainTimeout;
  private final SlotStart start;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicReference<@Nullable RelayException> abortion = new AtomicReference<>();
  private boolean streaming;
  private @Nullable SourcePosition publishedThrough;
  private @Nullable Long lastEventTransaction;

  private Pipeline(
      RelaySettings settings,
      SourceDatabase database,
      Ready ready,
      RelayMetrics metrics,
      Outlet outlet,
      Runnable whenStreaming,
      LeadershipCheck leadership,
      LongConsumer beforeConfirming,
      Optional<Recovery> recovery) {
    this.recovery = recovery;
    this.metrics = metrics;
    this.whenStreaming = whenStreaming;
    this.start = ready.start();
    this.drainTimeout = settings.drainTimeout();
    this.stop = new StopSignal(drainTimeout);
    this.inFlight = new InFlightEvents<>(settings.inFlightLimit().toBytes(), start.confirmedLsn());
    EventRouter router = EventRouter.of(settings);
    this.parking =
        new ParkingLot(database, settings, new RunFence(settings, ready.run()), router::topic);
    this.publisher =
        outlet.open(
            settings,
            () -> {
              leadership.require(); // what waited for long may be another instance's business now
              return stop.isRequested();
            });
    this.confirming = new Confirming(beforeConfirming, start.confirmedLsn());
    this.feed = new Feed(settings, publisher, leadership, router);
    this.outgoing =
        new Outgoing(
            inFlight,
            feed,
            new PoisonPolicy(settings, parking, router, metrics),
            metrics,
            stop,
            confirming);
    Republishing republishing = new Republishing(feed, stop);
    this.turnover = new ShardTurnover(database, settings, ready);
    this.predecessors = ready.predecessors();
    this.commands =
        new Commands(
            new ControlLog(settings.name()),
            parking,
            router,
            outgoing,
            republishing,
            new Replaying(database, settings, parking, outgoing, republishing),
            turnover);
    this.source =
        switch (settings.engine()) {
          case DEBEZIUM -> new DebeziumSource(settings, start);
          case PGOUTPUT -> new PgOutputSource(settings, start);
        };
  }

  /**
   * A pipeline whose brokers have been reached.
   *
   * @param outlet where the events leave
   * @param whenStreaming called on the engine thread when the log is being read and before the
   *     first event is taken in; what it throws ends the run
   * @param leadership asked on the engine thread before each record is handed to Kafka; what it
   *     throws ends the run
   * @param beforeConfirming called with each position before it is confirmed, on a thread of its
   *     own
   * @param recovery what is published before the first event, if something is
   * @throws RelayException when they have not
   */
  public static Pipeline open(
      RelaySettings settings,
      SourceDatabase database,
      Ready ready,
      RelayMetrics metrics,
      Outlet outlet,
      Runnable whenStreaming,
      LeadershipCheck leadership,
      LongConsumer beforeConfirming,
      Optional<Recovery> recovery) {
    return new Pipeline(
        settings,
        database,
        ready,
        metrics,
        outlet,
        whenStreaming,
        leadership,
        beforeConfirming,
        recovery);
  }

  /**
   * Relays until stopped; blocks the calling thread.
   *
   * @throws RelayException when a stage fails: nothing behind the failure has been confirmed
   */
  public void run() {
    metrics.observe(inFlight, publisher::retries);
    try {
      source.run(this);
      throwIfAborted();
    } catch (RuntimeException e) {
      throwIfAborted();
      throw e;
    } finally {
      metrics.observeNothing();
      ended.countDown();
    }
  }

  private void throwIfAborted() {
    @Nullable RelayException aborted = abortion.get();
    if (aborted != null) {
      throw aborted;
    }
  }

  @Override
  public boolean handle(Iterable<SourceItem> batch, boolean more, Confirmation confirmation)
      throws InterruptedException {
    outgoing.confirmWith(confirmation);
    if (!streaming) {
      begin();
      streaming = true;
      if (recovery.isPresent() && !recover(recovery.get())) {
        return end();
      }
    }
    if (!outgoing.goOn()) {
      return end();
    }
    boolean unfinished = false;
    Iterator<SourceItem> items = batch.iterator();
    for (SourceItem item = next(items); item != null; item = next(items)) {
      if (stop.isRequested() && !isWithinLastTransaction(item)) {
        // Everything before is whole, so the next run begins right here.
        outgoing.pass(item.transaction());
        return end();
      }
      if (!take(item)) {
        // What was not handed over must be read again: nothing behind it may be taken in or passed.
        return end();
      }
      unfinished = isOfLastTransaction(item);
    }
    return stop.isTimeOver() || !outgoing.endBatch(more, unfinished) ? end() : true;
  }

  /** The next item, null behind the last; before one that cannot be read all is dealt with. */
  private @Nullable SourceItem next(Iterator<SourceItem> items) throws InterruptedException {
    try {
      return items.hasNext() ? items.next() : null;
    } catch (RuntimeException e) {
      drainBefore(e);
      throw e;
    }
  }

  private void drainBefore(RuntimeException failure) throws InterruptedException {
    try {
      var unused = outgoing.drain();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** The slot is ours from here on, so what only the leader may do can be done. */
  private void begin() {
    whenStreaming.run();
    Optional<SourcePosition> through = publisher.begin();
    if (through.isPresent()) {
      requireNotAhead(through.get());
      publishedThrough = through.get();
      commands.publishedThrough(through.get());
    }
    parking.takeOver(predecessors);
    parking.load(new SourcePosition(start.epoch(), start.confirmedLsn(), 0));
    metrics.parkedNow(parking.count());
  }

  private void requireNotAhead(SourcePosition through) {
    if (Integer.compareUnsigned(through.epoch(), start.epoch()) > 0) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "The position in Kafka (%s) is of a later epoch than the database's (%d): the database was set back."
              .formatted(through.asText(), start.epoch()),
          "Give the relay another outbox.relay.position-topic, then 'init --accept-gap'.");
    }
  }

  private boolean end() throws InterruptedException {
    var unused = outgoing.drain();
    return false;
  }

  /** Whether everything from before the slot is published; if not, the next run begins it again. */
  private boolean recover(Recovery due) throws InterruptedException {
    List<OutboxEvent> page = due.nextPage(stop::isRequested);
    while (!page.isEmpty()) {
      for (OutboxEvent event : page) {
        if (stop.isRequested() || !recover(event)) {
          return false;
        }
      }
      page = due.nextPage(stop::isRequested);
    }
    if (stop.isRequested() || !outgoing.drain()) {
      return false;
    }
    due.completed();
    return true;
  }

  private boolean recover(OutboxEvent event) throws InterruptedException {
    return isDealtWith(event.position(), event.id())
        || outgoing.publish(outgoing.dispatch(event), start.confirmedLsn());
  }

  /** A transaction broken off in its midst would be repeated from its beginning. */
  private boolean isWithinLastTransaction(SourceItem item) {
    return isOfLastTransaction(item) && !stop.isTimeOver();
  }

  private boolean isOfLastTransaction(SourceItem item) {
    return lastEventTransaction != null && item.transaction() == lastEventTransaction;
  }

  /** Whether the item is dealt with; if not, the run ends before it. */
  private boolean take(SourceItem item) throws InterruptedException {
    if (item instanceof Decoded decoded) {
      metrics.read();
      lastEventTransaction = item.transaction();
      SourcePosition position = decoded.event().position();
      if (!turnover.passesBy(position) && !isDealtWith(position, decoded.event().id())) {
        return outgoing.publish(outgoing.dispatch(decoded.event()), item.transaction());
      }
    } else if (item instanceof Undecodable undecodable) {
      SourcePosition position = undecodable.position();
      if (!turnover.passesBy(position) && !parking.wasSetAside(position, undecodable.id())) {
        return outgoing.publish(undecodable);
      }
    } else if (item instanceof Control control) {
      if (!commands.carryOut(control)) {
        return false;
      }
    }
    if (item instanceof Ignored) {
      metrics.ignored();
    }
    outgoing.pass(item.transaction());
    return true;
  }

  private boolean isDealtWith(SourcePosition position, String id) {
    return parking.wasSetAside(position, id)
        || (publishedThrough != null && position.compareTo(publishedThrough) <= 0);
  }

  /** Whether this run has confirmed anything. */
  public boolean hasAdvanced() {
    return outgoing.confirmed() != start.confirmedLsn();
  }

  /** The oldest event that Kafka has not acknowledged, if one is under way. */
  public Optional<OutboxEvent> oldestEvent() {
    return inFlight.oldestSubject().map(Dispatch::event);
  }

  /** How long the oldest event in flight has waited for Kafka. */
  public Duration oldestInFlight() {
    return inFlight.oldestAge();
  }

  /**
   * Ends the run gracefully: finishes the transaction that is being read, takes in nothing more,
   * waits for what is in flight, confirms it; within the drain timeout. Any thread, any number of
   * times; returns when the run is over.
   */
  public void stop() throws InterruptedException {
    stop.request();
    // The engine calls the handler several times a second; a run that does not end by itself in
    // time hangs in the engine.
    Duration patience = drainTimeout.plusSeconds(2);
    if (!ended.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
      source.close();
      boolean over = ended.await(patience.toMillis(), TimeUnit.MILLISECONDS);
      if (!over) {
        throw new IllegalStateException("the engine did not end within " + patience);
      }
    }
  }

  /** Ends the run at once with a failure found elsewhere, such as an invalidated slot. */
  public void abort(RelayException reason) {
    if (abortion.compareAndSet(null, reason)) {
      source.close();
    }
  }

  /** Lets go of the broker; records not acknowledged are sent again by the next run. */
  @Override
  public void close() {
    source.close();
    publisher.close();
    feed.close();
    confirming.close();
    ended.countDown();
  }
}
