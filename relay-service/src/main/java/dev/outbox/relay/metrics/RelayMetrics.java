package dev.outbox.relay.metrics;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.position.InFlightEvents;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the relay measures. Counters grow over the life of the process, across runs.
 *
 * <table>
 *   <caption>Metrics, with their names at {@code /actuator/prometheus}</caption>
 *   <tr><th>name<th>meaning
 *   <tr><td>{@code outbox_relay_events_read_total}<td>events read from the write-ahead log
 *   <tr><td>{@code outbox_relay_events_published_total}<td>events acknowledged by Kafka
 *   <tr><td>{@code outbox_relay_events_ignored_total}<td>log entries passed by on purpose
 *   <tr><td>{@code outbox_relay_events_parked_total}<td>events set aside
 *   <tr><td>{@code outbox_relay_parked}<td>events that are set aside now; as the leader knows it
 *   <tr><td>{@code outbox_relay_events_retried_total}<td>sends that the producer retried
 *   <tr><td>{@code outbox_relay_restarts_total}<td>runs ended by a failure
 *   <tr><td>{@code outbox_relay_recoveries_total}<td>gaps recovered from
 *   <tr><td>{@code outbox_relay_events_recovered_total}<td>events published from the table after a
 *       gap
 *   <tr><td>{@code outbox_relay_retention_deleted_total}<td>rows removed from the outbox table
 *   <tr><td>{@code outbox_relay_in_flight}<td>events handed to Kafka, not settled
 *   <tr><td>{@code outbox_relay_in_flight_bytes}<td>their size
 *   <tr><td>{@code outbox_relay_in_flight_oldest_seconds}<td>age of the oldest of them
 *   <tr><td>{@code outbox_relay_slot_lag_bytes}<td>write-ahead log that the slot still holds back
 *       from confirmation; NaN while the database cannot be asked
 *   <tr><td>{@code outbox_relay_slot_lag_seconds}<td>how long the oldest part of it has been there,
 *       as far as this process has seen
 *   <tr><td>{@code outbox_relay_slot_retained_bytes}<td>write-ahead log that the server keeps because
 *       of the slot
 *   <tr><td>{@code outbox_relay_slot_free_retention_bytes}<td>what may be written until the server
 *       gives the slot up; NaN where {@code max_slot_wal_keep_size} does not limit it
 *   <tr><td>{@code outbox_relay_slot_level}<td>0 within the levels of the settings, 1 warning, 2
 *       critical
 *   <tr><td>{@code outbox_relay_confirmed_lsn}<td>the slot's confirmed position as a number
 *   <tr><td>{@code outbox_relay_leading}<td>1 while this instance publishes, else 0
 * </table>
 */
public final class RelayMetrics {

  private final Counter read;
  private final Counter published;
  private final Counter ignored;
  private final Counter restarts;
  private final Counter retentionDeleted;
  private final Counter parkedEvents;
  private volatile double parked = Double.NaN;
  private final Counter recoveries;
  private final Counter recoveredEvents;
  private volatile @Nullable Acknowledged lastPublished;
  private final LatencyHistogram latency = new LatencyHistogram();
  private final AtomicLong retriedBefore = new AtomicLong();
  private volatile @Nullable InFlightEvents<?> inFlight;
  private volatile @Nullable DoubleSupplier retries;
  private volatile SlotFigures slot = SlotFigures.UNKNOWN;
  private volatile boolean leading;

  /** Registers all metrics. */
  public RelayMetrics(MeterRegistry registry) {
    read = registry.counter("outbox.relay.events.read");
    published = registry.counter("outbox.relay.events.published");
    ignored = registry.counter("outbox.relay.events.ignored");
    parkedEvents = registry.counter("outbox.relay.events.parked");
    Gauge.builder("outbox.relay.parked", this, metrics -> metrics.parked).register(registry);
    restarts = registry.counter("outbox.relay.restarts");
    recoveries = registry.counter("outbox.relay.recoveries");
    recoveredEvents = registry.counter("outbox.relay.events.recovered");
    retentionDeleted = registry.counter("outbox.relay.retention.deleted");
    FunctionCounter.builder("outbox.relay.events.retried", this, RelayMetrics::retried)
        .register(registry);
    gauge(registry, "outbox.relay.in.flight", null, in -> in.events());
    gauge(registry, "outbox.relay.in.flight.bytes", null, in -> in.bytes());
    gauge(
        registry,
        "outbox.relay.in.flight.oldest",
        "seconds",
        in -> in.oldestAge().toNanos() / (double) TimeUnit.SECONDS.toNanos(1));
    slotGauge(registry, "outbox.relay.slot.lag", "bytes", SlotFigures::lagBytes);
    slotGauge(registry, "outbox.relay.slot.lag.seconds", "seconds", SlotFigures::lagSeconds);
    slotGauge(registry, "outbox.relay.slot.retained", "bytes", SlotFigures::retainedBytes);
    slotGauge(
        registry, "outbox.relay.slot.free.retention", "bytes", SlotFigures::freeRetentionBytes);
    slotGauge(registry, "outbox.relay.slot.level", null, SlotFigures::level);
    slotGauge(registry, "outbox.relay.confirmed.lsn", null, SlotFigures::confirmedLsn);
    Gauge.builder("outbox.relay.leading", this, metrics -> metrics.leading ? 1 : 0)
        .register(registry);
  }

  private void gauge(
      MeterRegistry registry, String name, @Nullable String unit, InFlightFigure figure) {
    Gauge.builder(name, this, metrics -> figure.of(metrics.inFlight))
        .baseUnit(unit)
        .register(registry);
  }

  /** An event was read. */
  public void read() {
    read.increment();
  }

  /** An event was acknowledged. Called on Kafka's callback thread. */
  public void published() {
    published.increment();
  }

  /** The same for an event that has just been committed, and not for one that a command sends. */
  public void published(OutboxEvent event) {
    published.increment();
    Acknowledged before = lastPublished;
    // Partitions acknowledge in any order.
    if (before == null || event.position().compareTo(before.position()) > 0) {
      lastPublished = new Acknowledged(event.id(), event.position());
    }
    latency.record(ChronoUnit.MICROS.between(event.committedAt(), Instant.now()));
  }

  /**
   * The ID of the last event in the order of the log that this run has published, those that a
   * command sent apart.
   */
  public Optional<String> lastPublished() {
    return Optional.ofNullable(lastPublished).map(Acknowledged::id);
  }

  /** Not the event itself, whose payload may be large. */
  private record Acknowledged(String id, SourcePosition position) {}

  /** What has been measured so far. */
  public Reading reading() {
    InFlightEvents<?> events = inFlight;
    return new Reading(
        System.nanoTime(),
        read.count(),
        published.count(),
        parked,
        events == null ? 0 : events.events(),
        events == null ? 0 : events.bytes(),
        slot,
        latency.counts());
  }

  /**
   * Counters and gauges at one moment; two of them tell what happened between.
   *
   * @param nanoTime the moment
   * @param read events read since the process began
   * @param published events acknowledged since the process began
   * @param parked events that are set aside, as the leader knows it; NaN while none leads here
   * @param inFlight events handed to Kafka, not settled
   * @param inFlightBytes their size
   * @param slot the slot as last looked at
   * @param latencies how often which latency was measured
   */
  @SuppressWarnings("ArrayRecordComponent") // readings are never compared
  public record Reading(
      long nanoTime,
      double read,
      double published,
      double parked,
      int inFlight,
      long inFlightBytes,
      SlotFigures slot,
      long[] latencies) {

    /** Milliseconds from commit to acknowledgement that this share since then stayed within. */
    public double latencyMillis(Reading since, double share) {
      return LatencyHistogram.percentile(since.latencies, latencies, share);
    }

    /** Events per second that were read since then. */
    public double readPerSecond(Reading since) {
      return (read - since.read) / seconds(since);
    }

    /** Events per second that were acknowledged since then. */
    public double publishedPerSecond(Reading since) {
      return (published - since.published) / seconds(since);
    }

    private double seconds(Reading since) {
      return Math.max(1, nanoTime - since.nanoTime) / (double) TimeUnit.SECONDS.toNanos(1);
    }
  }

  /** Events acknowledged since the process began. */
  public double publishedSoFar() {
    return published.count();
  }

  /** A log entry that carries no event was passed by. */
  public void ignored() {
    ignored.increment();
  }

  /** An event was set aside. */
  public void parked() {
    parkedEvents.increment();
  }

  /** So many events are set aside now. */
  public void parkedNow(int events) {
    parked = events;
  }

  /** Rows that were old enough have been removed. */
  public void removed(long rows) {
    retentionDeleted.increment((double) rows);
  }

  /** A run ended by a failure. */
  public void restarted() {
    restarts.increment();
  }

  /** What a gap had hidden has been published from the table. */
  public void recovered(long events) {
    recoveries.increment();
    recoveredEvents.increment(events);
  }

  /** From now on these events are in flight, and this tells how often the producer retried. */
  public void observe(InFlightEvents<?> events, DoubleSupplier producerRetries) {
    inFlight = events;
    retries = producerRetries;
    lastPublished = null; // others may have led meanwhile
    leading = true;
  }

  /** The run is over; nothing is in flight any more. */
  public void observeNothing() {
    retriedBefore.set((long) retried());
    retries = null;
    inFlight = null;
    leading = false;
  }

  private void slotGauge(
      MeterRegistry registry,
      String name,
      @Nullable String unit,
      ToDoubleFunction<SlotFigures> figure) {
    Gauge.builder(name, this, metrics -> figure.applyAsDouble(metrics.slot))
        .baseUnit(unit)
        .register(registry);
  }

  /** The slot as last looked at. */
  public void slot(SlotFigures figures) {
    slot = figures;
  }

  /**
   * Figures about the slot, NaN for what is not known.
   *
   * @param lagBytes write-ahead log behind the confirmed position
   * @param lagSeconds how long the oldest of it has been there
   * @param retainedBytes write-ahead log kept because of the slot
   * @param freeRetentionBytes what may be written until the slot is given up
   * @param level 0, 1 or 2
   * @param confirmedLsn the confirmed position
   */
  public record SlotFigures(
      double lagBytes,
      double lagSeconds,
      double retainedBytes,
      double freeRetentionBytes,
      double level,
      double confirmedLsn) {

    /** While the database cannot be asked, or there is no slot. */
    public static final SlotFigures UNKNOWN =
        new SlotFigures(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
  }

  private double retried() {
    DoubleSupplier current = retries;
    return retriedBefore.get() + (current == null ? 0 : current.getAsDouble());
  }

  /** A figure about the events in flight, zero when there is no run. */
  private interface InFlightFigure {
    double figure(InFlightEvents<?> events);

    default double of(@Nullable InFlightEvents<?> events) {
      return events == null ? 0 : figure(events);
    }
  }
}
