package dev.outbox.idempotency.jobs;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait after a failed attempt: doubled each time, up to a limit, and up to a fifth more
 * by chance, so that what failed together does not come back together.
 *
 * @param first after the first failure
 * @param longest never more than this, but for the fifth
 */
record Backoff(Duration first, Duration longest) {

  /** With {@code JobWorker.Builder.DEFAULT_MAX_ATTEMPTS} it keeps trying for about eight hours. */
  static final Backoff DEFAULT = new Backoff(Duration.ofSeconds(1), Duration.ofHours(1));

  private static final int ENOUGH_DOUBLINGS = 30;
  private static final int FIFTH = 5;

  Backoff {
    if (first.toMillis() < 1 || longest.compareTo(first) < 0) {
      throw new IllegalArgumentException(
          "backoff(%s, %s): the first wait must be a millisecond or more and not above the longest"
              .formatted(first, longest));
    }
  }

  Duration after(int attempt) {
    Duration wait = withoutChance(attempt);
    return wait.plusMillis(ThreadLocalRandom.current().nextLong(wait.toMillis() / FIFTH + 1));
  }

  Duration withoutChance(int attempt) {
    Duration doubled = first.multipliedBy(1L << Math.min(attempt - 1, ENOUGH_DOUBLINGS));
    return doubled.compareTo(longest) < 0 ? doubled : longest;
  }
}
