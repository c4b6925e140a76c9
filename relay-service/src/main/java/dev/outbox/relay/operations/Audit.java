package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.AuditedRows.Outcome;
import dev.outbox.relay.operations.ProgressListener.Progress;
import dev.outbox.relay.topics.Reach;
import dev.outbox.relay.topics.TopicScan;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Compares the rows of the outbox table with what stands on the topics.
 *
 * <p><b>Lost.</b> The rows are read first. Whatever is visible then committed before the log's end
 * of that moment; once the slot has passed that end, each of these rows must stand on its topic, be
 * parked or have been discarded. As long as the slot has not passed it, missing rows are pending.
 * The topics are read up to the end that they have afterwards.
 *
 * <p><b>Duplicated.</b> A record of an event that stands on the same topic before, unless it is
 * marked as replayed.
 *
 * <p><b>Order inversion.</b> Going through a partition in the order of offsets, and passing by the
 * repeats of an event that was seen already, the positions (header {@code outbox-position}) of one
 * key must grow; each record whose position does not lie beyond all earlier ones of its key is an
 * inversion. Repeats are passed by, since after a crash a run of events may repeat as a whole.
 *
 * <p>Topics are read from the beginning of the range less five minutes, in which clocks may differ.
 * Duplicates and inversions are looked for in all that is read. Topics of aggregate types without a
 * row in the range are not read. A compacted topic cannot be audited.
 *
 * <p><b>Memory.</b> A million rows cost 64 MB, each million of distinct keys as much again, and
 * each million of records whose row is not in the range (removed, or newer) too; payloads are never
 * held.
 *
 * <p>Writes nothing but a few heartbeats into the log. For one thread; each run begins anew.
 */
public final class Audit {

  private static final Duration CLOCKS_DIFFER = Duration.ofMinutes(5);

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final Duration patience;
  private final ProgressListener progress;

  /**
   * @param patience how long to wait until the slot has passed all rows
   * @param progress told how far it is
   */
  public Audit(
      SourceDatabase database,
      RelaySettings settings,
      Duration patience,
      ProgressListener progress) {
    this.database = database;
    this.settings = settings;
    this.patience = patience;
    this.progress = progress;
  }

  /**
   * Audits the rows of a range.
   *
   * @throws dev.outbox.relay.failure.RelayException when database or broker do not answer
   */
  public AuditReport run(AuditRange range) throws InterruptedException {
    AuditedRows rows = new AuditedRows(database, settings);
    rows.read(range, progress);
    // Not the written but the inserted end: a commit that does not wait for the disk is visible
    // before it is written.
    long end =
        database.call(
            sql ->
                sql.sql("select (pg_current_wal_insert_lsn() - '0/0')::bigint")
                    .query(Long.class)
                    .single());
    boolean decided = awaitPassed(end);
    rows.markSetAside();
    TopicComparison comparison = new TopicComparison(rows);
    Map<String, Reach> reach = new HashMap<>();
    Instant since = since(range, rows.oldest());
    if (since != null) {
      try (TopicScan topics = new TopicScan(settings)) {
        Set<String> existing = topics.existing(rows.topics());
        reach.putAll(
            topics.read(
                existing,
                since,
                comparison::visit,
                (done, of) -> progress.at(Progress.of("Reading topics", done, of, "records"))));
      }
      comparison.finish();
    }
    Outcome outcome = rows.settle(decided, reach, progress);
    return new AuditReport(
        rows.size(),
        outcome.published(),
        outcome.parked(),
        outcome.discarded(),
        outcome.pending(),
        outcome.expired(),
        outcome.lost(),
        comparison.records(),
        comparison.replayed(),
        comparison.duplicated().finding(),
        comparison.outOfOrder().finding(),
        comparison.unknown().finding());
  }

  private boolean awaitPassed(long end) throws InterruptedException {
    AtomicLong begun = new AtomicLong();
    return new SlotPassage(database, settings)
        .await(
            end,
            patience,
            look -> {
              begun.compareAndSet(0, look.confirmed());
              long of = Math.max(0, end - begun.get());
              long done = Math.min(of, look.confirmed() - begun.get());
              progress.at(
                  Progress.of("Waiting for the relay", done, of, "bytes").with(look.detail()));
            });
  }

  private static @Nullable Instant since(AuditRange range, @Nullable Instant oldest) {
    Instant from = range.from();
    if (oldest == null) {
      return null;
    }
    return (from == null ? oldest : from).minus(CLOCKS_DIFFER);
  }
}
