package dev.outbox.idempotency.inbox;

import java.time.Duration;
import java.util.function.DoubleSupplier;

/**
 * How long to wait after a failed attempt: doubled each time, up to a limit, and then anything
 * between half of that and all of it, so that consumers that failed together do not come back
 * together.
 *
 * @param first after the first failure
 * @param longest never more than this
 */
record RetryWait(Duration first, Duration longest) {

  static final RetryWait DEFAULT = new RetryWait(Duration.ofMillis(200), Duration.ofSeconds(30));

  private static final int ENOUGH_DOUBLINGS = 20;

  RetryWait {
    if (first.isNegative() || first.isZero() || longest.compareTo(first) < 0) {
      throw new IllegalArgumentException(
          "retryWait(%s, %s): the first wait must be positive and not above the longest"
              .formatted(first, longest));
    }
  }

  /** The most that is waited after this attempt, counted from 1. */
  Duration after(int attempt) {
    Duration doubled = first.multipliedBy(1L << Math.min(attempt - 1, ENOUGH_DOUBLINGS));
    return doubled.compareTo(longest) < 0 ? doubled : longest;
  }

  /**
   * @param jitter from 0 to 1
   */
  Duration after(int attempt, DoubleSupplier jitter) {
    Duration most = after(attempt);
    long half = most.toNanos() / 2;
    return most.minusNanos((long) (half * jitter.getAsDouble()));
  }

  /** The most that is waited over all attempts but the last. */
  Duration total(int attempts) {
    Duration total = Duration.ZERO;
    for (int attempt = 1; attempt < attempts; attempt++) {
      total = total.plus(after(attempt));
    }
    return total;
  }
}
