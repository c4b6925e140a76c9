package dev.outbox.relay.web.console;

import dev.outbox.relay.Relay;
import dev.outbox.relay.RelayState;
import dev.outbox.relay.RelayState.Draining;
import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.RelayState.Standby;
import dev.outbox.relay.RelayState.Starting;
import dev.outbox.relay.RelayState.Stopped;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.ShownSettings;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.metrics.RelayMetrics.Reading;
import dev.outbox.relay.operations.Backlog;
import dev.outbox.relay.operations.Backlog.Certainty;
import dev.outbox.relay.operations.Backlog.Leader;
import dev.outbox.relay.operations.RelayStatus;
import dev.outbox.relay.slot.SlotAssessment;
import dev.outbox.relay.slot.SlotStatus;
import dev.outbox.relay.web.console.Condition.Trouble;
import dev.outbox.relay.web.console.Samples.Trend;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** How the relay is, for somebody who was woken by it. Any thread. */
final class StatusReport {

  private static final double NOTABLE_EVENTS = 10;
  private static final double NOTABLE_BYTES = 1024 * 1024;
  private static final double NOTABLE_SECONDS = 5;

  private final Relay relay;
  private final RelaySettings settings;
  private final ShownSettings shown;
  private final Observation observation;
  private final Instant startedAt = Instant.now();

  StatusReport(Relay relay, RelaySettings settings, ShownSettings shown, Observation observation) {
    this.relay = relay;
    this.settings = settings;
    this.shown = shown;
    this.observation = observation;
  }

  /** How good it is. */
  enum Grade {
    FINE,
    ATTENTION,
    TROUBLE
  }

  /**
   * The first line.
   *
   * @param grade how good it is
   * @param headline how it is, in one sentence
   * @param remedies what to do, most important first; empty when nothing is to be done
   */
  record Verdict(Grade grade, String headline, List<Trouble> remedies) {}

  /**
   * Who publishes.
   *
   * @param thisInstance whether it is this one
   * @param address where it is, as the server sees it
   * @param serverProcess the server process that streams to it; null when nobody reads
   * @param since since when
   */
  record LeaderView(
      boolean thisInstance,
      String address,
      @Nullable Integer serverProcess,
      @Nullable Instant since) {}

  /**
   * What is behind, and which way it goes; null for what is not known.
   *
   * @param events events that wait
   * @param certainty what to think of that figure
   * @param eventsTrend the last minute against the one before
   * @param bytes log that is not confirmed
   * @param bytesTrend likewise
   * @param seconds how long the oldest of it has been there
   * @param secondsTrend likewise
   */
  record Lag(
      @Nullable Long events,
      Certainty certainty,
      Trend eventsTrend,
      @Nullable Double bytes,
      Trend bytesTrend,
      @Nullable Double seconds,
      Trend secondsTrend) {}

  /**
   * The oldest event that is not on its topic, as far as known.
   *
   * @param id the event ID
   * @param key its aggregate
   * @param type what happened
   * @param since when it was committed
   * @param ageSeconds how long ago
   * @param where whether Kafka has been given it
   */
  record Oldest(String id, String key, String type, Instant since, long ageSeconds, String where) {}

  /**
   * Everything.
   *
   * @param relay the relay's name
   * @param version of the program
   * @param startedAt when this process began; another one forgets what this one knew
   * @param now the time here
   * @param verdict the first line
   * @param state what this instance is doing
   * @param leader who publishes
   * @param lag what is behind
   * @param oldest the oldest event that is not on its topic
   * @param slot the replication slot, as {@code status} shows it
   * @param slotLevels from when on its figures are a warning
   * @param inFlight events handed to Kafka
   * @param inFlightBytes their size
   * @param parked events that are set aside
   * @param parkedLimit how many may be
   * @param databaseAnsweredAt when the database answered last
   * @param databaseProblem why it does not now
   */
  record Status(
      String relay,
      String version,
      Instant startedAt,
      Instant now,
      Verdict verdict,
      String state,
      LeaderView leader,
      Lag lag,
      @Nullable Oldest oldest,
      Map<String, @Nullable Object> slot,
      Map<String, Object> slotLevels,
      int inFlight,
      long inFlightBytes,
      int parked,
      int parkedLimit,
      @Nullable Instant databaseAnsweredAt,
      String databaseProblem) {}

  /** How it is now. */
  Status now() {
    Condition condition = Condition.of(relay);
    Surroundings surroundings = observation.surroundings();
    Reading reading = observation.reading();
    SlotAssessment assessment = relay.slotLevel();
    @Nullable SlotStatus slot = assessment.status();
    LeaderView leader = leader(condition.state(), surroundings.backlog());
    Lag lag = lag(reading, surroundings.backlog());
    int parked = surroundings.backlog() == null ? 0 : surroundings.backlog().parked();
    return new Status(
        settings.name(),
        Optional.ofNullable(StatusReport.class.getPackage().getImplementationVersion())
            .orElse("not packaged"),
        startedAt,
        Instant.now(),
        verdict(condition, leader, lag, reading.inFlight(), parked, surroundings.problem()),
        condition.state().label(),
        leader,
        lag,
        oldest(condition.state(), surroundings.backlog()),
        slot == null ? Map.of() : RelayStatus.of(settings, slot, assessment).figures(),
        Map.of(
            "warningLagBytes", settings.slotLevels().warningLag().toBytes(),
            "criticalLagBytes", settings.slotLevels().criticalLag().toBytes(),
            "warningFreeBytes", settings.slotLevels().warningFreeRetention().toBytes()),
        reading.inFlight(),
        reading.inFlightBytes(),
        parked,
        settings.parking().limit(),
        surroundings.answeredAt(),
        surroundings.problem());
  }

  private static LeaderView leader(RelayState state, @Nullable Backlog backlog) {
    boolean here = state instanceof Leading || state instanceof Draining;
    @Nullable Leader seen = backlog == null ? null : backlog.leader();
    return seen == null
        ? new LeaderView(here, "", null, null)
        : new LeaderView(here, seen.address(), seen.serverProcess(), seen.since());
  }

  private Lag lag(Reading reading, @Nullable Backlog backlog) {
    Samples samples = observation.samples();
    return new Lag(
        backlog == null ? null : backlog.events(),
        backlog == null ? Certainty.AT_MOST : backlog.certainty(),
        samples.trend(Sample::lagEvents, NOTABLE_EVENTS),
        known(reading.slot().lagBytes()),
        samples.trend(Sample::lagBytes, NOTABLE_BYTES),
        known(reading.slot().lagSeconds()),
        samples.trend(Sample::lagSeconds, NOTABLE_SECONDS));
  }

  private static @Nullable Double known(double figure) {
    return Double.isFinite(figure) ? figure : null;
  }

  private @Nullable Oldest oldest(RelayState state, @Nullable Backlog backlog) {
    Optional<OutboxEvent> inFlight = relay.oldestInFlight();
    if (inFlight.isPresent()) {
      OutboxEvent event = inFlight.get();
      return oldest(
          event.id(),
          event.aggregateType() + "/" + event.aggregateId(),
          event.type(),
          event.committedAt(),
          "handed to Kafka, not acknowledged");
    }
    if (backlog == null || backlog.oldest() == null) {
      return null;
    }
    Backlog.Waiting waiting = backlog.oldest();
    boolean unsure = backlog.certainty() == Certainty.AT_MOST;
    if (unsure && state instanceof Leading) {
      // Nothing is under way, so what lies behind the checkpoint is published.
      return null;
    }
    return oldest(
        waiting.id(),
        waiting.aggregateType() + "/" + waiting.aggregateId(),
        waiting.type(),
        waiting.since(),
        unsure ? "in the table, not known to be published" : "in the table, not read yet");
  }

  private static Oldest oldest(String id, String key, String type, Instant since, String where) {
    long age = Math.max(0, Duration.between(since, Instant.now()).toSeconds());
    return new Oldest(id, key, type, since, age, where);
  }

  private Verdict verdict(
      Condition condition,
      LeaderView leader,
      Lag lag,
      int inFlight,
      int parked,
      String databaseProblem) {
    List<Trouble> remedies =
        Stream.concat(reversed(condition.troubles()).stream(), condition.warnings().stream())
            .map(one -> new Trouble(shown.mask(one.problem()), shown.mask(one.remedy())))
            .toList();
    if (!condition.troubles().isEmpty()) {
      return new Verdict(Grade.TROUBLE, remedies.get(0).problem(), remedies);
    }
    if (!condition.warnings().isEmpty()) {
      return new Verdict(Grade.ATTENTION, "Publishing, but the slot lags behind.", remedies);
    }
    if (parked > 0 && condition.working()) {
      return new Verdict(
          Grade.ATTENTION,
          "Publishing, but %d %s set aside."
              .formatted(parked, parked == 1 ? "event is" : "events are"),
          List.of(
              new Trouble(
                  "Events that Kafka or the relay refused wait under 'Parked events', with those"
                      + " of the same key behind them.",
                  "Remove the cause that the reason names, then retry.")));
    }
    if (!databaseProblem.isEmpty() && observation.surroundings().answeredAt() != null) {
      return new Verdict(
          Grade.ATTENTION,
          "The database does not answer the console.",
          List.of(new Trouble(databaseProblem, "Look at PostgreSQL and the network to it.")));
    }
    return new Verdict(
        condition.working() ? Grade.FINE : Grade.ATTENTION,
        headline(condition.state(), leader, lag, inFlight),
        List.of());
  }

  private static List<Trouble> reversed(List<Trouble> troubles) {
    List<Trouble> reversed = new ArrayList<>(troubles);
    Collections.reverse(reversed);
    return reversed;
  }

  static String headline(RelayState state, LeaderView leader, Lag lag, int inFlight) {
    if (state instanceof Leading) {
      Long waiting = lag.events();
      if (waiting == null || lag.certainty() == Certainty.AT_MOST) {
        Double unread = lag.bytes();
        return inFlight == 0 && unread != null && unread < NOTABLE_BYTES
            ? "All is well: this instance publishes, and nothing waits."
            : "All is well: this instance publishes; how many events wait is not known.";
      }
      return waiting == 0
          ? "All is well: this instance publishes, and nothing waits."
          : "All is well: this instance publishes; %,d %s under way."
              .formatted(waiting, waiting == 1 ? "event is" : "events are");
    }
    if (state instanceof Standby standby) {
      return "All is well: another instance publishes%s, and this one stands by."
          .formatted(
              !leader.address().isEmpty()
                  ? " (from %s)".formatted(leader.address())
                  : standby.serverProcess() == Standby.UNKNOWN
                      ? ""
                      : " (server process %d)".formatted(standby.serverProcess()));
    }
    if (state instanceof Starting starting) {
      return "Starting%s."
          .formatted(starting.attempt() > 1 ? ", attempt %d".formatted(starting.attempt()) : "");
    }
    if (state instanceof Draining) {
      return "Stopping: what is under way is finished first.";
    }
    if (state instanceof Stopped) {
      return "Stopped.";
    }
    return state instanceof Failed failed ? failed.failure().problem() : state.label();
  }
}
