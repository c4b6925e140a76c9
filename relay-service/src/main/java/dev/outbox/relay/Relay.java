package dev.outbox.relay;

import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.RelayState.Standby;
import dev.outbox.relay.RelayState.Starting;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.DatabaseFailures;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.leadership.Lease;
import dev.outbox.relay.leadership.SlotVacancy;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.metrics.RelayMetrics.SlotFigures;
import dev.outbox.relay.operations.Retention;
import dev.outbox.relay.pipeline.Pipeline;
import dev.outbox.relay.recovery.Recovery;
import dev.outbox.relay.slot.Checkpoint;
import dev.outbox.relay.slot.Preflight;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import dev.outbox.relay.slot.Preflight.Outcome.SlotInUse;
import dev.outbox.relay.slot.PublishedPosition;
import dev.outbox.relay.slot.RunFence;
import dev.outbox.relay.slot.SlotAssessment;
import dev.outbox.relay.slot.SlotLevels;
import dev.outbox.relay.slot.SlotRenewal;
import dev.outbox.relay.slot.SlotStatus;
import dev.outbox.relay.slot.SlotWatch;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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

  private static final Duration WATCH_EVERY = Duration.ofSeconds(2);

  /** Beyond the drain timeout: for looking at the surroundings, which cannot be interrupted. */
  private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);

  /**
   * From when on a database that gives no answer counts as gone although the stream has not broken:
   * half of a connection may be lost without either side being told.
   */
  private static final Duration DATABASE_SILENT_AFTER = Duration.ofSeconds(10);

  /** From when on a slot that nobody streams from, by what the server says, ends the run. */
  private static final Duration STREAM_GONE_AFTER = Duration.ofSeconds(5);

  /** One each, since a database that does not answer holds a thread for a while. */
  private static final int WATCHERS = 4;

  /** From when on missing acknowledgements are worth a word and not fit for health. */
  private static final Duration STALLED_AFTER = Duration.ofSeconds(10);

  private final RelaySettings settings;
  private final RelayMetrics metrics;
  private final SourceDatabase database;
  private final DatabaseSession session;
  private final SlotVacancy vacancy;
  private final SlotWatch slotWatch;
  private final SlotLevels slotLevels;
  private final Preflight preflight;
  private final SlotRenewal renewal;
  private final Installation installation;
  private final IntervalFunction backoff;
  private final Progress progress;
  private final CountDownLatch stopRequested = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread supervisor = daemon(this::supervise, "outbox-relay");
  private final ScheduledExecutorService watcher =
      Executors.newScheduledThreadPool(WATCHERS, task -> daemon(task, "outbox-relay-watch"));
  private volatile RelayState state = new Starting(1);
  private volatile @Nullable Pipeline pipeline;
  private volatile @Nullable Checkpoint checkpoint;
  private volatile @Nullable Lease lease;
  private boolean stallReported;
  private @Nullable Long unstreamedSince;

  /** Not started yet. */
  public Relay(RelaySettings settings, RelayMetrics metrics) {
    this.settings = settings;
    this.metrics = metrics;
    this.database = new SourceDatabase(settings);
    this.session = database.session();
    this.vacancy = new SlotVacancy(session, settings.slot());
    this.slotWatch = new SlotWatch(database, settings);
    this.slotLevels = new SlotLevels(settings, Clock.systemUTC());
    this.preflight = new Preflight(database, settings);
    this.renewal = new SlotRenewal(database, settings);
    this.installation = new Installation(settings);
    this.progress = new Progress(settings.heartbeatInterval(), Clock.systemUTC());
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
    schedule(this::watch, WATCH_EVERY);
    schedule(this::watchLevels, WATCH_EVERY);
    schedule(this::renewLease, Lease.RENEW_EVERY);
    schedule(this::beat, settings.heartbeatInterval());
  }

  private void schedule(Runnable task, Duration every) {
    var unused =
        watcher.scheduleWithFixedDelay(
            task, every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** What the relay is doing. */
  public RelayState state() {
    return state;
  }

  /** How long Kafka has owed an acknowledgement, if that is longer than usual; else zero. */
  public Duration stalledFor() {
    Pipeline running = pipeline;
    Duration oldest = running == null ? Duration.ZERO : running.oldestInFlight();
    return oldest.compareTo(STALLED_AFTER) < 0 ? Duration.ZERO : oldest;
  }

  /** The slot's lag and room as last looked at, in every state. */
  public SlotAssessment slotLevel() {
    return slotLevels.latest();
  }

  /** Why the relay does not get further although it runs; empty while it does. */
  public Optional<String> standstill() {
    return pipeline == null ? Optional.empty() : progress.standstill();
  }

  /**
   * Takes in nothing more, waits for what is in flight, confirms it, and ends. Idempotent; returns
   * when the relay has ended.
   */
  public void stop() throws InterruptedException {
    stopRequested.countDown();
    Pipeline running = pipeline;
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
    watcher.shutdownNow();
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
    Starting starting = state instanceof Starting now ? now : new Starting(1);
    try {
      initialize();
      Preflight.Outcome outcome = lookAround();
      if (outcome instanceof SlotInUse inUse) {
        standBy(starting, inUse);
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
    } while (!isStopping() && !vacancy.isVacant());
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
                () -> {
                  beginLeading(starting, ready);
                  retention.start();
                },
                this::requireLeadership,
                published::advanceTo,
                Recovery.of(
                    database,
                    settings,
                    metrics,
                    ready.recovery(),
                    () -> slotWatch.completeRecovery(ready)))) {
      pipeline = opened;
      if (isStopping()) {
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
      pipeline = null;
      checkpoint = null;
      lease = null;
    }
  }

  /** A run may break in many ways because another instance has taken over; that is one reason. */
  private RuntimeException replaced(RuntimeException failure) {
    Lease current = lease;
    return current == null || failure instanceof ReplacedException || !current.isLost()
        ? failure
        : new ReplacedException("Another instance of this relay has taken over.", failure);
  }

  private void requireLeadership() {
    Lease current = lease;
    if (current != null) {
      current.require();
    }
  }

  private void beginLeading(Starting starting, Ready ready) {
    // Dated before the database is asked.
    Lease begun = new Lease(session, new RunFence(settings, ready.run()));
    slotWatch.beginRun(ready);
    lease = begun;
    progress.begin();
    checkpoint = new Checkpoint(database, settings, ready.run());
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

  /** Catches everything: an exception would end the schedule, and with it all watching. */
  private void watch() {
    Pipeline running = pipeline;
    if (running == null) {
      return;
    }
    reportStall();
    try {
      SlotStatus slot = slotWatch.require();
      progress.looked(slot.confirmedLsn(), metrics.publishedSoFar());
      advance(checkpoint, slot.confirmedLsn());
      abortIfCutOff(running, slot);
    } catch (RelayException e) {
      if (e instanceof GapException) {
        running.abort(e);
      } else {
        LOG.atDebug().setCause(e).log("The slot cannot be looked at");
      }
    } catch (RuntimeException e) {
      LOG.atWarn().setCause(e).log("Watching the slot failed");
    }
  }

  /**
   * The connection that streams may be half-open while all others work; then only the server knows.
   */
  private void abortIfCutOff(Pipeline running, SlotStatus slot) {
    if (lease == null || slot.activePid() != null) {
      unstreamedSince = null;
      return;
    }
    long now = System.nanoTime();
    Long since = unstreamedSince;
    if (since == null) {
      unstreamedSince = now;
    } else if (now - since >= STREAM_GONE_AFTER.toNanos()) {
      unstreamedSince = null;
      running.abort(
          new RelayException(
              Stage.SOURCE,
              "PostgreSQL has ended the stream from slot '%s', and the connection does not tell."
                  .formatted(settings.slot()),
              "Look at the network to PostgreSQL; the relay connects anew by itself."));
    }
  }

  private static void advance(@Nullable Checkpoint running, @Nullable Long confirmed) {
    if (running != null && confirmed != null) {
      running.advance(confirmed);
    }
  }

  /** Catches everything, like the watch. */
  private void renewLease() {
    Pipeline running = pipeline;
    Lease current = lease;
    if (running == null || current == null) {
      return;
    }
    try {
      current.renew();
    } catch (ReplacedException e) {
      running.abort(e);
    } catch (RuntimeException e) {
      LOG.atDebug().setCause(e).log("Leadership cannot be confirmed");
      if (e instanceof RelayException told && DatabaseFailures.isShutDown(e)) {
        // It waits with its end for what streams from it to be confirmed, or to go.
        running.abort(told);
      } else {
        abortIfSilent(running, current);
      }
    }
  }

  private void abortIfSilent(Pipeline running, Lease current) {
    Duration silence = current.silence();
    if (silence.compareTo(DATABASE_SILENT_AFTER) >= 0) {
      running.abort(
          new RelayException(
              Stage.SOURCE,
              "The database at %s has not answered for %d s."
                  .formatted(settings.database().address(), silence.toSeconds()),
              "Look at PostgreSQL and the network to it; the relay connects anew by itself."));
    }
  }

  /**
   * In every state: what is not read fills the server's disk. Catches everything, like the watch.
   */
  private void watchLevels() {
    try {
      SlotAssessment found = slotLevels.look(session, !(state instanceof Standby));
      metrics.slot(figures(found));
    } catch (RelayException e) {
      metrics.slot(SlotFigures.UNKNOWN);
      LOG.atDebug().setCause(e).log("The slot's levels cannot be looked at");
    } catch (RuntimeException e) {
      LOG.atWarn().setCause(e).log("Watching the slot's levels failed");
    }
  }

  private static SlotFigures figures(SlotAssessment found) {
    SlotStatus slot = found.status();
    return slot == null
        ? SlotFigures.UNKNOWN
        : new SlotFigures(
            figure(slot.lagBytes()),
            found.lag().toMillis() / 1_000.0,
            figure(slot.retainedBytes()),
            figure(slot.freeRetentionBytes()),
            found.level().ordinal(),
            figure(slot.confirmedLsn()));
  }

  private static double figure(@Nullable Long value) {
    return value == null ? Double.NaN : value;
  }

  private void reportStall() {
    Duration stalled = stalledFor();
    if (!stalled.isZero() && !stallReported) {
      stallReported = true;
      LOG.atWarn()
          .addKeyValue("seconds", stalled.toSeconds())
          .addKeyValue("brokers", settings.kafka().bootstrapServers())
          .log("Kafka acknowledges nothing: bring the brokers back; events wait in order");
    } else if (stalled.isZero() && stallReported) {
      stallReported = false;
      LOG.atInfo().log("Kafka acknowledges again");
    }
  }

  private void beat() {
    if (pipeline == null) {
      return;
    }
    try {
      progress.beat(slotWatch.beat());
    } catch (RuntimeException e) { // the engine notices a database that is away by itself
      LOG.atDebug().setCause(e).log("No heartbeat");
    }
  }
}
