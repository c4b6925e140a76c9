package dev.outbox.relay.metrics;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.position.InFlightEvents;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the relay measures. Counters grow over the life of the process, across runs. The
 * descriptions stand with the metrics at {@code /actuator/prometheus}, and in
 * docs/configuration.md.
 */
public final class RelayMetrics {

  private static final String PREFIX = "outbox.relay.";

  private final Tags tags;
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
    this(registry, Tags.empty());
  }

  /**
   * Registers all metrics.
   *
   * @param tags of each of them
   */
  public RelayMetrics(MeterRegistry registry, Tags tags) {
    this.tags = tags;
    read = counter(registry, "events.read", "events read from the write-ahead log");
    published = counter(registry, "events.published", "events acknowledged by Kafka");
    ignored = counter(registry, "events.ignored", "log entries passed by on purpose");
    parkedEvents = counter(registry, "events.parked", "events set aside so far");
    Gauge.builder(PREFIX + "parked", this, metrics -> metrics.parked)
        .description("events that are set aside now, as the leader knows it")
        .tags(tags)
        .register(registry);
    restarts = counter(registry, "restarts", "runs ended by a failure");
    recoveries = counter(registry, "recoveries", "gaps recovered from");
    recoveredEvents =
        counter(registry, "events.recovered", "events published from the table after a gap");
    retentionDeleted = counter(registry, "retention.deleted", "rows that retention has removed");
    FunctionCounter.builder(PREFIX + "events.retried", this, RelayMetrics::retried)
        .description("sends that the producer retried")
        .tags(tags)
        .register(registry);
    flightGauge(registry, "", null, "events handed to Kafka and not settled", in -> in.events());
    flightGauge(registry, ".bytes", null, "size of the events in flight", in -> in.bytes());
    flightGauge(
        registry,
        ".oldest",
        "seconds",
        "age of the oldest event in flight",
        in -> in.oldestAge().toNanos() / (double) TimeUnit.SECONDS.toNanos(1));
    slotGauge(
        registry,
        "slot.lag",
        "bytes",
        "write-ahead log behind the confirmed position; NaN while the database cannot be asked",
        SlotFigures::lagBytes);
    slotGauge(
        registry,
        "slot.lag.seconds",
        "seconds",
        "how long the oldest of that log has been there, as far as this process has seen",
        SlotFigures::lagSeconds);
    slotGauge(
        registry,
        "slot.retained",
        "bytes",
        "write-ahead log that PostgreSQL keeps because of the slot",
        SlotFigures::retainedBytes);
    slotGauge(
        registry,
        "slot.free.retention",
        "bytes",
        "what may be written until PostgreSQL gives the slot up; NaN where"
            + " max_slot_wal_keep_size does not limit it",
        SlotFigures::freeRetentionBytes);
    slotGauge(
        registry,
        "slot.level",
        null,
        "0 within outbox.relay.slot-levels, 1 warning, 2 critical",
        SlotFigures::level);
    slotGauge(
        registry,
        "confirmed.lsn",
        null,
        "the slot's confirmed position as a number",
        SlotFigures::confirmedLsn);
    Gauge.builder(PREFIX + "leading", this, metrics -> metrics.leading ? 1 : 0)
        .description("1 while this instance publishes, else 0")
        .tags(tags)
        .register(registry);
  }

  private Counter counter(MeterRegistry registry, String name, String description) {
    return Counter.builder(PREFIX + name).description(description).tags(tags).register(registry);
  }

  private void flightGauge(
      MeterRegistry registry,
      String name,
      @Nullable String unit,
      String description,
      InFlightFigure figure) {
    Gauge.builder(PREFIX + "in.flight" + name, this, metrics -> figure.of(metrics.inFlight))
        .baseUnit(unit)
        .description(description)
        .tags(tags)
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
      String description,
      ToDoubleFunction<SlotFigures> figure) {
    Gauge.builder(PREFIX + name, this, metrics -> figure.applyAsDouble(metrics.slot))
        .baseUnit(unit)
        .description(description)
        .tags(tags)
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
