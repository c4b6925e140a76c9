package dev.outbox.relay.chaos;

import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.operations.AuditReport;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Compares what was committed with what arrived and what took effect, while everything works and
 * nobody writes. For one thread.
 */
final class Judge {

  private static final int PAUSE_MILLIS = 100;
  private static final int TOLD = 10;

  private final ChaosStack stack;
  private final Delivery mode;
  private final Writers writers;
  private final TopicLedger ledger;
  private final TopicWatch topics;
  private final Effects effects;
  private final SourceTable table;
  private final Duration patience;
  private final Delays delays = new Delays();

  Judge(
      ChaosStack stack,
      Delivery mode,
      Writers writers,
      TopicLedger ledger,
      TopicWatch topics,
      Effects effects,
      Duration patience) {
    this.stack = stack;
    this.mode = mode;
    this.writers = writers;
    this.ledger = ledger;
    this.topics = topics;
    this.effects = effects;
    this.table = new SourceTable(stack.database());
    this.patience = patience;
  }

  /** Waits until everything should have arrived, and throws a violation when something is amiss. */
  void judge() throws SQLException, InterruptedException {
    writers.check();
    writers.pause();
    try {
      compare();
    } finally {
      writers.resume();
    }
  }

  /** The same, and the relay's own audit must find the same. */
  void judgeAndAudit() throws SQLException, InterruptedException {
    writers.check();
    writers.pause();
    try {
      compare();
      audit();
    } finally {
      writers.resume();
    }
  }

  private void compare() throws SQLException, InterruptedException {
    List<CommittedEvent> events = table.newEvents();
    awaitArrival(events);
    awaitEffects();
    requireOnlyWhatWasCommitted();
    requireOrderAndNoSurplus();
    measure(events);
  }

  private void audit() throws InterruptedException {
    AuditReport report = stack.audit(patience);
    // A relay that has just begun may still have been repeating when everything had arrived.
    long deadline = System.nanoTime() + patience.toNanos();
    while (ledger.records() < report.records() && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }
    requireOrderAndNoSurplus();
    if (!report.isSound()
        || report.rows() != table.rows()
        || report.published() != table.rows()
        || report.duplicated().count() > ledger.repeats()
        || report.unknown().count() > 0) {
      throw new ChaosViolation(
          "The audit differs from %d events and %d repeats: %s"
              .formatted(table.rows(), ledger.repeats(), report.asText()));
    }
  }

  private void awaitArrival(List<CommittedEvent> events) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    List<CommittedEvent> missing = ledger.missing(events);
    while (!missing.isEmpty()) {
      topics.check();
      stack.relays().forEach(RelayInstance::requireAlive);
      requireOrderAndNoSurplus();
      if (System.nanoTime() > deadline) {
        throw new ChaosViolation(
            "%d of %d events are not on the topics after %s: %s%n%s"
                .formatted(
                    missing.size(),
                    table.rows(),
                    patience,
                    missing.stream().limit(TOLD).toList(),
                    stateOfRelays()));
      }
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      missing = ledger.missing(missing);
    }
  }

  private void awaitEffects() throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (effects.events() < table.rows()) {
      effects.check();
      if (System.nanoTime() > deadline) {
        throw new ChaosViolation(
            "%d of %d effects are missing after %s"
                .formatted(table.rows() - effects.events(), table.rows(), patience));
      }
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }
    if (effects.repeated() > 0 || effects.outOfOrder() > 0) {
      throw new ChaosViolation(
          "%d events took effect more than once, %d out of order"
              .formatted(effects.repeated(), effects.outOfOrder()));
    }
  }

  private void requireOnlyWhatWasCommitted() {
    if (ledger.events() != table.rows() || effects.events() != table.rows()) {
      throw new ChaosViolation(
          "%d events were committed, but %d are on the topics and %d took effect"
              .formatted(table.rows(), ledger.events(), effects.events()));
    }
  }

  private void requireOrderAndNoSurplus() {
    if (!ledger.inversions().isEmpty()) {
      throw new ChaosViolation(
          "%d records are out of order: %s"
              .formatted(
                  ledger.inversions().size(),
                  ledger.inversions().stream()
                      .limit(TOLD)
                      .collect(Collectors.joining(System.lineSeparator()))));
    }
    if (mode == Delivery.EXACTLY_ONCE && ledger.repeats() > 0) {
      throw new ChaosViolation(
          "%d events are on the topics more than once: %s"
              .formatted(ledger.repeats(), ledger.someRepeats()));
    }
  }

  private void measure(List<CommittedEvent> events) {
    Map<String, Long> commits = writers.takeCommitMillis();
    for (CommittedEvent event : events) {
      @Nullable Long commit = commits.remove(event.id());
      @Nullable Arrival arrival = ledger.arrival(event.id());
      if (commit != null && arrival != null) {
        delays.add(arrival.seenMillis() - commit);
      }
    }
    if (!commits.isEmpty()) {
      throw new IllegalStateException("The server has lost commits: " + commits.keySet());
    }
  }

  /** For whoever looks for the cause: what is lost differs from what is held up. */
  private String stateOfRelays() {
    List<String> states = new ArrayList<>();
    stack
        .relays()
        .forEach(relay -> states.add("relay %s: %s".formatted(relay.name(), relay.health())));
    states.add(
        "slots: "
            + stack
                .database()
                .query(
                    """
                    select string_agg(concat_ws(' ', slot_name, 'active_pid', active_pid, 'confirmed',
                      confirmed_flush_lsn, 'log', pg_current_wal_lsn(), wal_status), '; ')
                    from pg_replication_slots where slot_name like '%s%%'
                    """
                        .formatted(stack.database().slot())));
    return String.join(System.lineSeparator(), states);
  }

  /** Events committed so far. */
  long events() {
    return table.rows();
  }

  Delays delays() {
    return delays;
  }
}
