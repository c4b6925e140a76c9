package dev.outbox.relay;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tells a relay that gets further from one that only runs: each heartbeat is a place in the log
 * that the slot must pass. While it has not, something else must move, or the relay stands still.
 * Any thread.
 */
final class Progress {

  private static final Duration LEAST_PATIENCE = Duration.ofSeconds(30);

  private final Duration patience;
  private final Clock clock;
  private Instant lookedAt;
  private Instant movedAt;
  private @Nullable Long pendingBeat;
  private @Nullable Long confirmed;
  private double published;

  Progress(Duration heartbeatInterval, Clock clock) {
    Duration threeBeats = heartbeatInterval.multipliedBy(3);
    this.patience = threeBeats.compareTo(LEAST_PATIENCE) > 0 ? threeBeats : LEAST_PATIENCE;
    this.clock = clock;
    this.lookedAt = clock.instant();
    this.movedAt = lookedAt;
  }

  /** A run begins. */
  synchronized void begin() {
    lookedAt = clock.instant();
    movedAt = lookedAt;
    pendingBeat = null;
  }

  /** A heartbeat was written at this place of the log. */
  synchronized void beat(long lsn) {
    if (pendingBeat == null) {
      pendingBeat = lsn;
      movedAt = clock.instant();
    }
  }

  /** The slot was looked at. */
  synchronized void looked(@Nullable Long nowConfirmed, double nowPublished) {
    lookedAt = clock.instant();
    if (nowPublished != published || (nowConfirmed != null && !nowConfirmed.equals(confirmed))) {
      movedAt = lookedAt;
    }
    published = nowPublished;
    confirmed = nowConfirmed;
    if (pendingBeat != null
        && nowConfirmed != null
        && Long.compareUnsigned(nowConfirmed, pendingBeat) >= 0) {
      pendingBeat = null;
    }
  }

  /** What stands still, if something does. */
  synchronized Optional<String> standstill() {
    Instant now = clock.instant();
    if (lookedAt.plus(patience).isBefore(now)) {
      return Optional.of(
          "The database has not answered for "
              + Duration.between(lookedAt, now).toSeconds()
              + " s");
    }
    if (pendingBeat != null && movedAt.plus(patience).isBefore(now)) {
      return Optional.of(
          "The slot has not moved for "
              + Duration.between(movedAt, now).toSeconds()
              + " s, although there is something to read");
    }
    return Optional.empty();
  }
}
