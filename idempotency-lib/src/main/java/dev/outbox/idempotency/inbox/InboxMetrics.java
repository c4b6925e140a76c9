package dev.outbox.idempotency.inbox;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.function.ToDoubleFunction;

/**
 * A runner's figures for Micrometer, an optional dependency; with Spring Boot a bean of this type
 * is enough. Each has the tag {@code consumer}; a runner's counters begin at its start.
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><th>name</th><th>meaning</th></tr>
 * <tr><td>{@code outbox.inbox.applied}</td><td>events whose effect was committed</td></tr>
 * <tr><td>{@code outbox.inbox.repeats}</td><td>records whose event had been seen</td></tr>
 * <tr><td>{@code outbox.inbox.dead.lettered}</td><td>events given up</td></tr>
 * <tr><td>{@code outbox.inbox.failed.attempts}</td><td>batches rolled back</td></tr>
 * <tr><td>{@code outbox.inbox.lag}</td><td>records of the assigned partitions not settled</td></tr>
 * <tr><td>{@code outbox.inbox.running}</td><td>1 while it applies events, 0 while it waits after a
 * failure, is paused or has ended</td></tr>
 * </table>
 */
public final class InboxMetrics implements MeterBinder {

  static final String APPLIED = "outbox.inbox.applied";
  static final String REPEATS = "outbox.inbox.repeats";
  static final String DEAD_LETTERED = "outbox.inbox.dead.lettered";
  static final String FAILED_ATTEMPTS = "outbox.inbox.failed.attempts";
  static final String LAG = "outbox.inbox.lag";
  static final String RUNNING = "outbox.inbox.running";

  private final InboxRunner runner;

  /** The figures of this runner. */
  public InboxMetrics(InboxRunner runner) {
    this.runner = runner;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    count(registry, APPLIED, "Events whose effect was committed", InboxCounts::applied);
    count(registry, REPEATS, "Records whose event had been seen before", InboxCounts::repeats);
    count(registry, DEAD_LETTERED, "Events given up", InboxCounts::deadLettered);
    count(registry, FAILED_ATTEMPTS, "Batches rolled back", InboxCounts::failedAttempts);
    Gauge.builder(LAG, runner, InboxRunner::lag)
        .tags(tags())
        .description("Records of the assigned partitions that are not settled")
        .register(registry);
    Gauge.builder(RUNNING, runner, r -> r.state() instanceof RunnerState.Running ? 1 : 0)
        .tags(tags())
        .description("1 while the runner applies events")
        .register(registry);
  }

  private void count(
      MeterRegistry registry,
      String name,
      String description,
      ToDoubleFunction<InboxCounts> figure) {
    FunctionCounter.builder(name, runner, r -> figure.applyAsDouble(r.counts()))
        .tags(tags())
        .description(description)
        .register(registry);
  }

  private Tags tags() {
    return Tags.of("consumer", runner.consumer());
  }
}
