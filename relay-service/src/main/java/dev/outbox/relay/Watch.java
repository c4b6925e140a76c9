package dev.outbox.relay;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.failure.DatabaseFailures;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.leadership.Lease;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.metrics.RelayMetrics.SlotFigures;
import dev.outbox.relay.pipeline.Pipeline;
import dev.outbox.relay.slot.Checkpoint;
import dev.outbox.relay.slot.SlotAssessment;
import dev.outbox.relay.slot.SlotLevels;
import dev.outbox.relay.slot.SlotStatus;
import dev.outbox.relay.slot.SlotWatch;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks regularly at the slot, the lease and the pipeline of the present run, and ends a run that
 * cannot notice by itself that it is over: replaced, cut off, or before a gap.
 *
 * <p>Threads of its own; any thread may ask.
 */
final class Watch {

  private static final Logger LOG = LoggerFactory.getLogger(Watch.class);

  private static final Duration WATCH_EVERY = Duration.ofSeconds(2);

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
  private final DatabaseSession session;
  private final SlotWatch slotWatch;
  private final SlotLevels slotLevels;
  private final BooleanSupplier standingBy;
  private final Progress progress;
  private final ScheduledExecutorService watcher =
      Executors.newScheduledThreadPool(
          WATCHERS,
          task -> {
            Thread thread = new Thread(task, "outbox-relay-watch");
            thread.setDaemon(true);
            return thread;
          });
  private volatile @Nullable Pipeline pipeline;
  private volatile @Nullable Checkpoint checkpoint;
  private volatile @Nullable Lease lease;
  private boolean stallReported;
  private @Nullable Long unstreamedSince;

  /**
   * @param standingBy whether another instance has the slot, so that this one has nothing to say
   *     about it
   */
  Watch(
      RelaySettings settings,
      RelayMetrics metrics,
      DatabaseSession session,
      SlotWatch slotWatch,
      BooleanSupplier standingBy) {
    this.settings = settings;
    this.metrics = metrics;
    this.session = session;
    this.slotWatch = slotWatch;
    this.slotLevels = new SlotLevels(settings, Clock.systemUTC());
    this.standingBy = standingBy;
    this.progress = new Progress(settings.heartbeatInterval(), Clock.systemUTC());
  }

  /** Once. */
  void start() {
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

  void stop() {
    watcher.shutdownNow();
  }

  /** A run begins. */
  void opened(Pipeline opened) {
    pipeline = opened;
  }

  /** The run has the slot. */
  void leading(Lease begun, Checkpoint begunCheckpoint) {
    lease = begun;
    progress.begin();
    checkpoint = begunCheckpoint;
  }

  /** The run is over. */
  void ended() {
    pipeline = null;
    checkpoint = null;
    lease = null;
  }

  /** The present run's; null when there is none. */
  @Nullable Pipeline pipeline() {
    return pipeline;
  }

  /** Whether another instance has taken over from the present run. */
  boolean isReplaced() {
    Lease current = lease;
    return current != null && current.isLost();
  }

  /**
   * @throws ReplacedException unless it is certain that this instance leads, or it does not yet
   */
  void requireLeadership() {
    Lease current = lease;
    if (current != null) {
      current.require();
    }
  }

  /** How long Kafka has owed an acknowledgement, if that is longer than usual; else zero. */
  Duration stalledFor() {
    Pipeline running = pipeline;
    Duration oldest = running == null ? Duration.ZERO : running.oldestInFlight();
    return oldest.compareTo(STALLED_AFTER) < 0 ? Duration.ZERO : oldest;
  }

  /** The oldest event that Kafka has not acknowledged, if this instance has one under way. */
  Optional<OutboxEvent> oldestInFlight() {
    Pipeline running = pipeline;
    return running == null ? Optional.empty() : running.oldestEvent();
  }

  /** The slot's lag and room as last looked at, in every state. */
  SlotAssessment slotLevel() {
    return slotLevels.latest();
  }

  /** Why the relay does not get further although it runs; empty while it does. */
  Optional<String> standstill() {
    return pipeline == null ? Optional.empty() : progress.standstill();
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
      SlotAssessment found = slotLevels.look(session, !standingBy.getAsBoolean());
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
