package dev.outbox.idempotency.inbox;

import java.time.Duration;

/**
 * How long to wait after a failed attempt: doubled each time, up to a limit.
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

  Duration after(int attempt) {
    Duration doubled = first.multipliedBy(1L << Math.min(attempt - 1, ENOUGH_DOUBLINGS));
    return doubled.compareTo(longest) < 0 ? doubled : longest;
  }
}
