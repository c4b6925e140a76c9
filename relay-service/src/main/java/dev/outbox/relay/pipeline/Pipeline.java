package dev.outbox.relay.pipeline;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.leadership.LeadershipCheck;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.position.InFlightEvents;
import dev.outbox.relay.position.InFlightEvents.Entry;
import dev.outbox.relay.position.InFlightEvents.Rejection;
import dev.outbox.relay.publishing.Delivery;
import dev.outbox.relay.publishing.KafkaPublisher;
import dev.outbox.relay.routing.EventRouter;
import dev.outbox.relay.routing.RoutedRecord;
import dev.outbox.relay.routing.Routing;
import dev.outbox.relay.routing.Routing.Routed;
import dev.outbox.relay.routing.Routing.Unroutable;
import dev.outbox.relay.source.OutboxSource;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.source.SourceHandler;
import dev.outbox.relay.source.SourceItem;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.SourceItem.Ignored;
import dev.outbox.relay.source.SourceItem.Undecodable;
import dev.outbox.relay.source.debezium.DebeziumSource;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of events from the write-ahead log to Kafka and of acknowledgements back: decode, route,
 * admit, send without waiting, confirm the acknowledged prefix. One pipeline serves one run.
 *
 * <p>{@link #handle} runs on the engine thread; {@link #stop}, {@link #abort} and the figures may
 * be used by any thread.
 */
public final class Pipeline implements SourceHandler, AutoCloseable {

  /** Confirming costs a round trip to the server, so not every acknowledgement is worth one. */
  private static final Duration CONFIRM_EVERY = Duration.ofMillis(100);

  /** Longest wait for room before looking again whether to stop. */
  private static final Duration LOOK_AROUND = Duration.ofMillis(100);

  private final OutboxSource source;
  private final EventRouter router;
  private final KafkaPublisher publisher;
  private final InFlightEvents inFlight;
  private final RelayMetrics metrics;
  private final Runnable whenStreaming;
  private final LeadershipCheck leadership;
  private final Duration drainTimeout;
  private final long start;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicReference<@Nullable RelayException> abortion = new AtomicReference<>();
  private boolean streaming;
  private volatile boolean stopping;
  private volatile long stopRequestedNanos;
  private @Nullable Long lastEventTransaction;
  private volatile long confirmed;
  private long lastConfirmationNanos = System.nanoTime();

  private Pipeline(
      RelaySettings settings,
      SlotStart start,
      RelayMetrics metrics,
      Runnable whenStreaming,
      LeadershipCheck leadership) {
    this.metrics = metrics;
    this.whenStreaming = whenStreaming;
    this.leadership = leadership;
    this.drainTimeout = settings.drainTimeout();
    this.router = new EventRouter(settings.topicTemplate(), settings.name());
    this.inFlight = new InFlightEvents(settings.inFlightLimit().toBytes(), start.confirmedLsn());
    this.start = start.confirmedLsn();
    this.confirmed = start.confirmedLsn();
    this.publisher = KafkaPublisher.open(settings, () -> stopping || inFlight.rejection() != null);
    this.source = new DebeziumSource(settings, start);
  }

  /**
   * A pipeline whose brokers have been reached.
   *
   * @param whenStreaming called on the engine thread when the log is being read and before the
   *     first event is taken in; what it throws ends the run
   * @param leadership asked on the engine thread before each item is taken in and while one waits
   *     for room; what it throws ends the run
   * @throws RelayException when they have not
   */
  public static Pipeline open(
      RelaySettings settings,
      SlotStart start,
      RelayMetrics metrics,
      Runnable whenStreaming,
      LeadershipCheck leadership) {
    return new Pipeline(settings, start, metrics, whenStreaming, leadership);
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
  public boolean handle(Iterable<SourceItem> batch, Confirmation confirmation)
      throws InterruptedException {
    if (!streaming) {
      whenStreaming.run();
      streaming = true;
    }
    for (SourceItem item : batch) {
      if (stopping && !isWithinLastTransaction(item)) {
        // Everything before is whole, so the next run begins right here.
        inFlight.pass(item.transaction());
        drain(confirmation);
        return false;
      }
      if (!take(item, confirmation)) {
        // What was not handed over must be read again: nothing behind it may be taken in or passed.
        drain(confirmation);
        return false;
      }
    }
    if (stopping && isDrainOver()) {
      drain(confirmation);
      return false;
    }
    confirmSettled(confirmation, CONFIRM_EVERY);
    return true;
  }

  /** A transaction broken off in its midst would be repeated from its beginning. */
  private boolean isWithinLastTransaction(SourceItem item) {
    return lastEventTransaction != null
        && item.transaction() == lastEventTransaction
        && !isDrainOver();
  }

  private boolean isDrainOver() {
    return System.nanoTime() - stopRequestedNanos >= drainTimeout.toNanos();
  }

  /** Whether the item is dealt with; if not, the run ends before it. */
  private boolean take(SourceItem item, Confirmation confirmation) throws InterruptedException {
    leadership.require();
    if (item instanceof Decoded decoded) {
      metrics.read();
      lastEventTransaction = item.transaction();
      return publish(decoded.event(), confirmation);
    }
    if (item instanceof Undecodable undecodable) {
      finishBefore(undecodable.transaction(), confirmation);
      throw unpublishable(
          Stage.SOURCE,
          undecodable.subject(),
          undecodable.reason(),
          "correct the service that writes such rows");
    }
    if (item instanceof Ignored || item instanceof SourceItem.Control) {
      metrics.ignored();
    }
    inFlight.pass(item.transaction());
    return true;
  }

  private boolean publish(OutboxEvent event, Confirmation confirmation)
      throws InterruptedException {
    Routing routing = router.route(event);
    if (routing instanceof Unroutable unroutable) {
      finishBefore(event.position().transaction(), confirmation);
      throw unpublishable(
          Stage.ROUTING, event.describe(), unroutable.reason(), unroutable.remedy());
    }
    RoutedRecord record = ((Routed) routing).record();
    boolean alone = publisher.mayBeTooLarge(record);
    if (!(alone ? awaitEmpty(confirmation) : awaitRoom(record.size(), confirmation))) {
      return false;
    }
    Entry entry = inFlight.admit(event.position().transaction(), record.size());
    boolean handedOver = publisher.publish(record, delivery(event, entry));
    if (!handedOver) {
      inFlight.withdrawLast();
      return false;
    }
    // Were it rejected with later records of its key behind it, those would overtake it.
    return (!alone || awaitEmpty(confirmation)) && inFlight.rejection() == null;
  }

  private Delivery delivery(OutboxEvent event, Entry entry) {
    return new Delivery() {
      @Override
      public void acknowledged() {
        entry.acknowledge();
        metrics.published();
      }

      @Override
      public void rejected(Exception cause) {
        entry.reject(event.describe(), cause);
      }
    };
  }

  private boolean awaitRoom(int size, Confirmation confirmation) throws InterruptedException {
    return await(() -> inFlight.hasRoomFor(size), confirmation);
  }

  private boolean awaitEmpty(Confirmation confirmation) throws InterruptedException {
    return await(inFlight::isEmpty, confirmation);
  }

  /** Waits while acknowledgements come in; false when the time for stopping ran out first. */
  private boolean await(BooleanSupplier condition, Confirmation confirmation)
      throws InterruptedException {
    while (!condition.getAsBoolean()) {
      if (stopping && (isDrainOver() || inFlight.rejection() != null)) {
        return false;
      }
      confirmSettled(confirmation, CONFIRM_EVERY);
      if (!condition.getAsBoolean()) {
        inFlight.awaitCompletion(LOOK_AROUND);
        leadership.require();
      }
    }
    return true;
  }

  private void drain(Confirmation confirmation) throws InterruptedException {
    var unused = awaitEmpty(confirmation);
    confirmSettled(confirmation, Duration.ZERO);
  }

  /** Confirms the settled prefix, and fails when Kafka rejected what stands behind it. */
  private void confirmSettled(Confirmation confirmation, Duration notBefore)
      throws InterruptedException {
    long settled = inFlight.settle();
    long now = System.nanoTime();
    if (settled != confirmed && now - lastConfirmationNanos >= notBefore.toNanos()) {
      confirmation.confirm(settled);
      confirmed = settled;
      lastConfirmationNanos = now;
    }
    @Nullable Rejection rejection = inFlight.rejection();
    if (rejection != null && !stopping) {
      throw rejected(rejection);
    }
  }

  private static RelayException rejected(Rejection rejection) {
    return new RelayException(
        Stage.PUBLISHING,
        "Kafka rejected %s: %s".formatted(rejection.event(), rejection.cause().getMessage()),
        "Remove the cause at the topic or the service. The relay waits before this event and tries"
            + " it again; nothing is skipped.",
        rejection.cause());
  }

  /** What stands before an event that stops the relay is finished, or each run would repeat it. */
  private void finishBefore(long transaction, Confirmation confirmation)
      throws InterruptedException {
    inFlight.pass(transaction);
    drain(confirmation);
  }

  private static RelayException unpublishable(
      Stage stage, String subject, String reason, String remedy) {
    return new RelayException(
        stage,
        "Cannot publish %s: %s.".formatted(subject, reason),
        remedy + "; the relay waits before this event, nothing is skipped.");
  }

  /** Whether this run has confirmed anything. */
  public boolean hasAdvanced() {
    return confirmed != start;
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
    if (!stopping) {
      stopRequestedNanos = System.nanoTime();
      stopping = true;
    }
    // The engine calls the handler several times a second; a run that does not end by itself in
    // time
    // hangs in the engine.
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
    ended.countDown();
  }
}
