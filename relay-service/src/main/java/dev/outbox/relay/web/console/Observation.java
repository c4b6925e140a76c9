package dev.outbox.relay.web.console;

import dev.outbox.relay.Relay;
import dev.outbox.relay.RelayState.Draining;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.ShownSettings;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.metrics.RelayMetrics.Reading;
import dev.outbox.relay.operations.Backlog;
import dev.outbox.relay.operations.BacklogLook;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the relay every two seconds, and at the database as often while somebody watches, else
 * every ten. All who watch get what was found last, so neither their number nor a database that
 * does not answer makes a difference to the relay or to them.
 *
 * <p>Two threads of its own, so that a database that hangs does not stop the figures of the relay;
 * any thread may ask.
 */
final class Observation implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Observation.class);

  private static final Duration LOOK_EVERY = Duration.ofSeconds(2);
  private static final Duration UNWATCHED_LOOK_EVERY = Duration.ofSeconds(10);

  /** How long after the last question somebody counts as watching. */
  private static final Duration WATCHING_FOR = Duration.ofSeconds(10);

  /** More parked events are counted, not shown. */
  static final int MOST_PARKED = 200;

  private final Relay relay;
  private final RelayMetrics metrics;
  private final ShownSettings shown;
  private final BacklogLook backlogLook;
  private final Samples samples = new Samples();
  private final ScheduledExecutorService looking = daemon("outbox-relay-console");
  private final ScheduledExecutorService asking = daemon("outbox-relay-console-database");
  private volatile Surroundings surroundings = Surroundings.UNKNOWN;
  private volatile Reading latest;
  private volatile long watchedNanos = System.nanoTime() - WATCHING_FOR.toNanos();
  private long askedNanos = System.nanoTime() - UNWATCHED_LOOK_EVERY.toNanos();
  private long number;

  Observation(Relay relay, RelayMetrics metrics, RelaySettings settings, ShownSettings shown) {
    this.relay = relay;
    this.metrics = metrics;
    this.shown = shown;
    this.backlogLook = new BacklogLook(settings);
    this.latest = metrics.reading();
  }

  private static ScheduledExecutorService daemon(String name) {
    ThreadFactory daemons =
        task -> {
          Thread thread = new Thread(task, name);
          thread.setDaemon(true);
          return thread;
        };
    return Executors.newSingleThreadScheduledExecutor(daemons);
  }

  /** Begins to look. Once. */
  void start() {
    var unusedLook = every(looking, this::look);
    var unusedAsk = every(asking, this::ask);
  }

  private static Object every(ScheduledExecutorService executor, Runnable task) {
    return executor.scheduleWithFixedDelay(
        task, LOOK_EVERY.toMillis(), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Somebody looks at the console. */
  void watched() {
    watchedNanos = System.nanoTime();
  }

  private boolean isWatched() {
    return System.nanoTime() - watchedNanos < WATCHING_FOR.toNanos();
  }

  /** What the database said last. */
  Surroundings surroundings() {
    return surroundings;
  }

  /** What the relay measured last. */
  Reading reading() {
    return latest;
  }

  Samples samples() {
    return samples;
  }

  /** Catches everything: an exception would end the schedule. */
  private void look() {
    try {
      Reading before = latest;
      Reading now = metrics.reading();
      Backlog backlog = surroundings.backlog();
      @Nullable Long events = backlog == null ? null : backlog.events();
      number++;
      samples.add(
          new Sample(
              number,
              System.currentTimeMillis(),
              now.readPerSecond(before),
              now.publishedPerSecond(before),
              now.latencyMillis(before, 0.5),
              now.latencyMillis(before, 0.99),
              events == null ? Double.NaN : events,
              now.slot().lagBytes(),
              now.slot().lagSeconds()));
      latest = now;
    } catch (RuntimeException e) {
      LOG.atWarn().setCause(e).log("Looking at the relay for the console failed");
    }
  }

  /** Catches everything, like the look. */
  private void ask() {
    if (!isWatched() && System.nanoTime() - askedNanos < UNWATCHED_LOOK_EVERY.toNanos()) {
      return;
    }
    try {
      boolean publishing = relay.state() instanceof Leading || relay.state() instanceof Draining;
      Backlog backlog =
          backlogLook.now(
              relay.oldestInFlight().map(OutboxEvent::id),
              publishing ? metrics.lastPublished() : Optional.empty());
      surroundings =
          new Surroundings(
              backlog,
              backlog.parked() == 0 ? List.of() : backlogLook.parked(MOST_PARKED),
              Instant.now(),
              "");
    } catch (RelayException e) {
      surroundings = surroundings.unanswered(shown.mask(e.problem()));
    } catch (RuntimeException e) {
      surroundings = surroundings.unanswered("The database gave an unexpected answer.");
      LOG.atWarn().setCause(e).log("Looking at the database for the console failed");
    } finally {
      askedNanos = System.nanoTime();
    }
  }

  @Override
  public void close() {
    looking.shutdownNow();
    asking.shutdownNow();
    backlogLook.close();
  }
}
