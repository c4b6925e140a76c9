package dev.outbox.relay;

import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.RelayState.Standby;
import dev.outbox.relay.RelayState.Starting;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.leadership.Lease;
import dev.outbox.relay.leadership.SlotVacancy;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.operations.Retention;
import dev.outbox.relay.pipeline.Pipeline;
import dev.outbox.relay.publishing.KafkaOutlet;
import dev.outbox.relay.publishing.Outlet;
import dev.outbox.relay.recovery.Recovery;
import dev.outbox.relay.slot.Checkpoint;
import dev.outbox.relay.slot.Preflight;
import dev.outbox.relay.slot.Preflight.Outcome.Ended;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import dev.outbox.relay.slot.Preflight.Outcome.SlotInUse;
import dev.outbox.relay.slot.PublishedPosition;
import dev.outbox.relay.slot.RunFence;
import dev.outbox.relay.slot.SlotAssessment;
import dev.outbox.relay.slot.SlotRenewal;
import dev.outbox.relay.slot.SlotWatch;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The relay's life: looks at the surroundings, runs a pipeline, and after a failure builds a new
 * one with growing waits, until it is stopped. Every failure is tried again, since every one may
 * come right: a database comes back, a privilege is granted, a topic's limit is raised.
 *
 * <p>Any thread may call any method. One thread of the relay's own supervises, others watch.
 */
public final class Relay {

  private static final Logger LOG = LoggerFactory.getLogger(Relay.class);

  /** A small part of a takeover; a look is one statement on a connection that is kept. */
  private static final Duration STANDBY_LOOK = Duration.ofMillis(250);

  /** There is nothing to wait for but another change of the number of shards. */
  private static final Duration ENDED_LOOK = Duration.ofSeconds(1);

  /** Asks nobody. */
  private static final Duration TURN_LOOK = Duration.ofMillis(50);

  /** Beyond the drain timeout: for looking at the surroundings, which cannot be interrupted. */
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);

  private final RelaySettings settings;
  private final RelayMetrics metrics;
  private final Outlet outlet;
  private final SourceDatabase database;
  private final DatabaseSession session;
  private final SlotVacancy vacancy;
  private final SlotWatch slotWatch;
  private final Watch watch;
  private final Preflight preflight;
  private final SlotRenewal renewal;
  private final Installation installation;
  private final IntervalFunction backoff;
  private final BooleanSupplier turn;
  private final CountDownLatch stopRequested = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread supervisor = daemon(this::supervise, "outbox-relay");
  private volatile RelayState state = new Starting(1);

  /** One with producers of its own; not started yet. */
  public Relay(RelaySettings settings, RelayMetrics metrics) {
    this(settings, metrics, new KafkaOutlet(), new Installation(settings));
  }

  /**
   * One that leads whenever its slot is free; not started yet.
   *
   * @param settings of the whole outbox, or of one shard
   * @param outlet where its events leave
   * @param installation makes what is missing, for all shards alike
   */
  public Relay(
      RelaySettings settings, RelayMetrics metrics, Outlet outlet, Installation installation) {
    this(settings, metrics, outlet, installation, () -> true);
  }

  /**
   * Not started yet.
   *
   * @param outlet where its events leave
   * @param installation makes what is missing, for all shards alike
   * @param turn whether it may lead now; a run that has begun ends by {@link #handOver} only
   */
  Relay(
      RelaySettings settings,
      RelayMetrics metrics,
      Outlet outlet,
      Installation installation,
      BooleanSupplier turn) {
    this.settings = settings;
    this.outlet = outlet;
    this.turn = turn;
    this.metrics = metrics;
    this.database = new SourceDatabase(settings);
    this.session = database.session();
    this.vacancy = new SlotVacancy(session, settings.slot());
    this.slotWatch = new SlotWatch(database, settings);
    this.preflight = new Preflight(database, settings);
    this.renewal = new SlotRenewal(database, settings);
    this.installation = installation;
    this.watch = new Watch(settings, metrics, session, slotWatch, () -> state instanceof Standby);
    this.backoff =
        IntervalFunction.ofExponentialRandomBackoff(
            settings.backoff().initial(), 2.0, 0.2, settings.backoff().max());
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /** Begins to work; returns at once, since surroundings may come later. Once. */
  public void start() {
    supervisor.start();
    watch.start();
  }

  /** What the relay is doing. */
  public RelayState state() {
    return state;
  }

  /** How long Kafka has owed an acknowledgement, if that is longer than usual; else zero. */
  public Duration stalledFor() {
    return watch.stalledFor();
  }

  /** The oldest event that Kafka has not acknowledged, if this instance has one under way. */
  public Optional<OutboxEvent> oldestInFlight() {
    return watch.oldestInFlight();
  }

  /** The slot's lag and room as last looked at, in every state. */
  public SlotAssessment slotLevel() {
    return watch.slotLevel();
  }

  /** Why the relay does not get further although it runs; empty while it does. */
  public Optional<String> standstill() {
    return watch.standstill();
  }

  /**
   * Takes in nothing more, waits for what is in flight, confirms it, and ends. Idempotent; returns
   * when the relay has ended.
   */
  public void stop() throws InterruptedException {
    stopRequested.countDown();
    Pipeline running = watch.pipeline();
    if (running != null) {
      state = state.draining();
      running.stop();
    }
    if (supervisor.getState() != Thread.State.NEW
        && !stopped.await(
            settings.drainTimeout().plus(STOP_PATIENCE).toMillis(), TimeUnit.MILLISECONDS)) {
      LOG.atWarn()
          .log("The relay waits for the database or Kafka and is abandoned; nothing is lost");
    }
    watch.stop();
    session.close();
  }

  private void supervise() {
    try {
      while (!isStopping()) {
        runOnce();
      }
    } catch (InterruptedException e) {
      LOG.atWarn().log("The relay's thread was interrupted, the relay ends");
    } finally {
      state = state.stopped();
      LOG.atInfo().log("Relay stopped");
      stopped.countDown();
    }
  }

  private boolean isStopping() {
    return stopRequested.getCount() == 0;
  }

  /** One run: from looking at the surroundings to the pipeline's end, and the wait after it. */
  private void runOnce() throws InterruptedException {
    if (!turn.getAsBoolean()) {
      awaitTurn();
      return;
    }
    Starting starting = state instanceof Starting now ? now : new Starting(1);
    try {
      initialize();
      Preflight.Outcome outcome = lookAround();
      if (outcome instanceof SlotInUse inUse) {
        standBy(starting, inUse);
      } else if (outcome instanceof Ended) {
        rest(starting);
      } else if (outcome instanceof Ready ready) {
        lead(starting, ready);
      }
    } catch (ReplacedException e) {
      giveWay(e);
    } catch (RuntimeException | Error e) {
      // An error too: a supervisor that is dead in a process that is alive helps nobody.
      fail(asRelayException(e));
    }
  }

  private void awaitTurn() throws InterruptedException {
    state = new Standby(Standby.UNKNOWN);
    do {
      pause(TURN_LOOK);
    } while (!isStopping() && !turn.getAsBoolean());
  }

  /** Whether a run has begun and not ended. */
  boolean isRunning() {
    return watch.pipeline() != null;
  }

  /**
   * Ends the present run gracefully, for another instance; returns when it is over. It was said
   * before that it is not this one's turn any more.
   */
  void handOver() throws InterruptedException {
    Pipeline running = watch.pipeline();
    if (running != null) {
      running.stop();
    }
  }

  private void initialize() {
    if (!settings.autoInit() || !installation.isDue()) {
      return;
    }
    try {
      installation
          .run(false)
          .forEach(
              step ->
                  LOG.atInfo()
                      .addKeyValue("outcome", step.outcome())
                      .log("Initialised {}", step.thing()));
    } catch (GapException gap) { // found once more by looking around, which knows what to do
      LOG.atDebug().setCause(gap).log("Nothing is initialised over a gap");
    }
  }

  private Preflight.Outcome lookAround() {
    try {
      return preflight.check();
    } catch (GapException gap) {
      if (settings.onGap() == RelaySettings.OnGap.REFUSE) {
        throw gap;
      }
      Optional<SlotInUse> inUse = renewal.run(gap);
      return inUse.isPresent() ? inUse.get() : preflight.check();
    }
  }

  private void standBy(Starting starting, SlotInUse inUse) throws InterruptedException {
    if (!(state instanceof Standby)) {
      LOG.atInfo()
          .addKeyValue("slot", settings.slot())
          .addKeyValue("serverProcess", inUse.serverProcess())
          .log("Standing by: another instance streams from the slot");
    }
    state = starting.standby(inUse.serverProcess());
    do {
      pause(STANDBY_LOOK);
    } while (!isStopping() && turn.getAsBoolean() && !vacancy.isVacant());
  }

  /** Shards of another number do the work. */
  private void rest(Starting starting) throws InterruptedException {
    if (!(state instanceof Standby)) {
      LOG.atInfo()
          .addKeyValue("slot", settings.slot())
          .log("Nothing more to do: the outbox is divided otherwise from the marker on");
    }
    state = starting.standby(Standby.UNKNOWN);
    pause(ENDED_LOOK);
  }

  /** No failure: the other instance does the work. */
  private void giveWay(ReplacedException reason) throws InterruptedException {
    if (isStopping()) {
      return;
    }
    LOG.atInfo().addKeyValue("slot", settings.slot()).log("Giving way: {}", reason.problem());
    LOG.atDebug().setCause(reason).log("How it was noticed");
    state = new Starting(1);
    pause(STANDBY_LOOK);
  }

  private void lead(Starting starting, Ready ready) throws InterruptedException {
    RunFence fence = new RunFence(settings, ready.run());
    try (PublishedPosition published = new PublishedPosition(database, settings, ready.run());
        Retention retention = new Retention(database, settings, fence, metrics::removed);
        Pipeline opened =
            Pipeline.open(
                settings,
                database,
                ready,
                metrics,
                outlet,
                () -> {
                  beginLeading(starting, ready);
                  retention.start();
                },
                watch::requireLeadership,
                published::advanceTo,
                Recovery.of(
                    database,
                    settings,
                    metrics,
                    ready.recovery(),
                    () -> slotWatch.completeRecovery(ready)))) {
      watch.opened(opened);
      if (isStopping() || !turn.getAsBoolean()) {
        return;
      }
      try {
        opened.run();
      } catch (RuntimeException e) {
        throw replaced(e);
      } finally {
        if (opened.hasAdvanced() && state instanceof Leading leading) {
          state = leading.advanced();
        }
      }
    } finally {
      watch.ended();
    }
  }

  /** A run may break in many ways because another instance has taken over; that is one reason. */
  private RuntimeException replaced(RuntimeException failure) {
    return failure instanceof ReplacedException || !watch.isReplaced()
        ? failure
        : new ReplacedException("Another instance of this relay has taken over.", failure);
  }

  private void beginLeading(Starting starting, Ready ready) {
    // Dated before the database is asked.
    Lease begun = new Lease(session, new RunFence(settings, ready.run()));
    slotWatch.beginRun(ready);
    watch.leading(begun, new Checkpoint(database, settings, ready.run()));
    state = starting.leading();
    LOG.atInfo()
        .addKeyValue("slot", settings.slot())
        .addKeyValue("epoch", ready.start().epoch())
        .log("Leading: relaying events");
  }

  private void fail(RelayException failure) throws InterruptedException {
    if (isStopping()) {
      return;
    }
    metrics.restarted();
    Failed failed = failed(failure);
    state = failed;
    LOG.atError()
        .addKeyValue("stage", failure.stage())
        .addKeyValue("attempt", failed.attempt())
        .addKeyValue("nextAttemptInMillis", failed.nextAttemptIn().toMillis())
        .addKeyValue("remedy", failure.remedy())
        .log("{}", failure.problem());
    LOG.atDebug().setCause(failure).log("Cause of the failure");
    pause(failed.nextAttemptIn());
    state = failed.starting();
  }

  private Failed failed(RelayException failure) {
    if (state instanceof Leading leading) {
      return leading.failed(failure, wait(leading.attempt()));
    }
    Starting starting = state instanceof Starting now ? now : new Starting(1);
    return starting.failed(failure, wait(starting.attempt()));
  }

  private Duration wait(int attempt) {
    return Duration.ofMillis(backoff.apply(attempt));
  }

  private static RelayException asRelayException(Throwable failure) {
    return failure instanceof RelayException known
        ? known
        : new RelayException(
            Stage.PUBLISHING,
            "Unexpected failure: " + failure,
            "The relay tries again by itself; if this repeats, see the cause in the log"
                + " (logging.level.dev.outbox=debug).",
            failure);
  }

  private void pause(Duration wait) throws InterruptedException {
    boolean stopping = stopRequested.await(wait.toMillis(), TimeUnit.MILLISECONDS);
    if (stopping) {
      LOG.atDebug().log("Wait ended by the stop");
    }
  }
}
