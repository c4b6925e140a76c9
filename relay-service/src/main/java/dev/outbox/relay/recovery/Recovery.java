package dev.outbox.relay.recovery;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.routing.EventRouter;
import dev.outbox.relay.slot.PendingRecovery;
import dev.outbox.relay.topics.TopicTails;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What must be published from the outbox table before the first event of a slot that was made after
 * a gap: rows that are above the checkpoint, were committed before the slot began, and do not stand
 * on their topics yet. They come in the order of their numbers, with positions between those of the
 * former slot and those of the new one. After a crash all of it happens again, with the same
 * positions.
 *
 * <p>For the engine thread, once the slot streams: nothing may be taken from the stream before.
 */
public final class Recovery {

  private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

  /** Rows that are held in memory by ID and compared with the topics at once. */
  private static final int CANDIDATES = 200_000;

  private static final int PAGE_ROWS = 500;
  private static final int PAGE_BYTES = 4 << 20;

  /** By so much may the clocks of database, relays and brokers differ. */
  private static final Duration CLOCK_MARGIN = Duration.ofMinutes(2);

  private final RelaySettings settings;
  private final RelayMetrics metrics;
  private final EventRouter router;
  private final Runnable whenCompleted;
  private final OutboxRows rows;
  private final PendingRecovery pending;
  private boolean due = true;
  private long reached;
  private @Nullable Candidates candidates;
  private int next;
  private long published;
  private long found;

  private Recovery(
      SourceDatabase database,
      RelaySettings settings,
      RelayMetrics metrics,
      PendingRecovery pending,
      Runnable whenCompleted) {
    this.settings = settings;
    this.metrics = metrics;
    this.router = EventRouter.of(settings);
    this.pending = pending;
    this.rows = new OutboxRows(database, settings, pending);
    this.whenCompleted = whenCompleted;
    this.reached = pending.floor();
  }

  /**
   * The recovery that is due before a run, if one is.
   *
   * @param whenCompleted writes down that it is done
   */
  public static Optional<Recovery> of(
      SourceDatabase database,
      RelaySettings settings,
      RelayMetrics metrics,
      Optional<PendingRecovery> pending,
      Runnable whenCompleted) {
    return pending.map(due -> new Recovery(database, settings, metrics, due, whenCompleted));
  }

  /** Whether it has not been completed. */
  public boolean isDue() {
    return due;
  }

  /**
   * The next events to publish, in order; empty when there are no more.
   *
   * @param givingUp asked while topics are read: true ends the reading, and the answer says nothing
   * @throws dev.outbox.relay.failure.RelayException when database or brokers do not answer
   */
  public List<OutboxEvent> nextPage(BooleanSupplier givingUp) {
    while (!givingUp.getAsBoolean()) {
      Candidates current = candidates;
      if (current == null) {
        current = load(givingUp);
        if (current.size() == 0) {
          return List.of();
        }
        candidates = current;
        next = 0;
      }
      List<Long> seqs = nextSeqs(current);
      List<OutboxEvent> page = seqs.isEmpty() ? List.of() : rows.read(seqs);
      if (next == current.size()) {
        reached = current.seq(next - 1);
        candidates = null;
      }
      if (!page.isEmpty()) {
        published += page.size();
        return page;
      }
    }
    return List.of();
  }

  private Candidates load(BooleanSupplier givingUp) {
    Candidates loaded = rows.candidatesAfter(reached, CANDIDATES);
    if (loaded.size() > 0) {
      exclude(loaded, givingUp);
      found += loaded.excluded();
    }
    return loaded;
  }

  private void exclude(Candidates loaded, BooleanSupplier givingUp) {
    rows.parked(loaded::exclude);
    Set<String> topics =
        loaded.aggregateTypes().stream()
            .map(router::topic)
            .filter(EventRouter::isTopic)
            .collect(Collectors.toSet());
    Instant from = pending.since().minus(CLOCK_MARGIN);
    try (TopicTails tails = new TopicTails(settings)) {
      tails.read(topics, from, givingUp, id -> exclude(loaded, id));
    }
  }

  private static void exclude(Candidates loaded, String id) {
    try {
      loaded.exclude(UUID.fromString(id));
    } catch (IllegalArgumentException e) {
      LOG.atTrace().log("A record of somebody else: its ID is no UUID");
    }
  }

  private List<Long> nextSeqs(Candidates current) {
    List<Long> seqs = new ArrayList<>();
    long bytes = 0;
    while (next < current.size() && seqs.size() < PAGE_ROWS) {
      if (!current.isExcluded(next)) {
        bytes += current.bytes(next);
        if (!seqs.isEmpty() && bytes > PAGE_BYTES) {
          break;
        }
        seqs.add(current.seq(next));
      }
      next++;
    }
    return seqs;
  }

  /**
   * To be called when Kafka has acknowledged every event of every page, and nothing else has been
   * taken in.
   *
   * @throws dev.outbox.relay.failure.RelayException when that cannot be written down
   */
  public void completed() {
    whenCompleted.run();
    due = false;
    metrics.recovered(published);
    LOG.atError()
        .addKeyValue("published", published)
        .addKeyValue("foundOnTopics", found)
        .addKeyValue("aboveSeq", pending.floor())
        .log("Recovered from a gap; published from the table what was missing. {}", pending.gap());
  }
}
