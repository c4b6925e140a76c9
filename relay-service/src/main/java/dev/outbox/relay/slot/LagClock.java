package dev.outbox.relay.slot;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Turns a position that lags behind into time: remembers when the log had grown how far, and so
 * since when the first of it waits for confirmation. It knows nothing of the time before its first
 * look. For one thread.
 */
final class LagClock {

  /** Enough for exactness to a fraction of the lag, however long that grows. */
  private static final int MOST_SAMPLES = 1_000;

  private final Clock clock;
  private final Deque<Sample> waiting = new ArrayDeque<>();
  private Duration spacing = Duration.ZERO;

  LagClock(Clock clock) {
    this.clock = clock;
  }

  private record Sample(Instant at, long lsn) {}

  /**
   * How long the oldest part of the log that is not confirmed has been there, as far as was seen.
   *
   * @param written end of the log
   * @param confirmed the slot's confirmed position
   */
  Duration looked(long written, long confirmed) {
    Instant now = clock.instant();
    while (!waiting.isEmpty() && Long.compareUnsigned(waiting.getFirst().lsn(), confirmed) <= 0) {
      waiting.removeFirst();
    }
    if (waiting.isEmpty()) {
      spacing = Duration.ZERO;
    }
    if (Long.compareUnsigned(written, confirmed) > 0 && isWorthRemembering(written, now)) {
      waiting.addLast(new Sample(now, written));
    }
    if (waiting.size() > MOST_SAMPLES) {
      thinOut(now);
    }
    return waiting.isEmpty() ? Duration.ZERO : Duration.between(waiting.getFirst().at(), now);
  }

  private boolean isWorthRemembering(long written, Instant now) {
    return waiting.isEmpty()
        || (waiting.getLast().lsn() != written
            && !waiting.getLast().at().plus(spacing).isAfter(now));
  }

  /** Every second one goes, and later ones come half as often: what stays is spread evenly. */
  private void thinOut(Instant now) {
    spacing =
        Duration.between(waiting.getFirst().at(), now).multipliedBy(2).dividedBy(MOST_SAMPLES);
    boolean keep = true;
    for (int i = waiting.size(); i > 0; i--) {
      Sample sample = waiting.removeFirst();
      if (keep) {
        waiting.addLast(sample);
      }
      keep = !keep;
    }
  }
}
