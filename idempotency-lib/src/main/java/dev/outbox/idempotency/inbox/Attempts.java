package dev.outbox.idempotency.inbox;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;

/**
 * How often an event is tried, and when.
 *
 * @param most attempts before the event is given up, where the policy gives up at all
 * @param between how long to wait between two
 * @param worthARetry whether a failure may pass by itself; others are given up at once
 */
record Attempts(int most, RetryWait between, Predicate<? super Exception> worthARetry) {

  static final Attempts DEFAULT = new Attempts(10, RetryWait.DEFAULT, failure -> true);

  Attempts {
    if (most < 1) {
      throw new IllegalArgumentException("attempts(%d): at least 1".formatted(most));
    }
  }

  boolean areOver(int attempts, Throwable failure) {
    return attempts >= most || (failure instanceof Exception e && !worthARetry.test(e));
  }

  /** From the first attempt of an event to its last. */
  Duration longestRetry() {
    return between.total(most);
  }

  Duration waitAfter(int attempt) {
    return between.after(attempt, ThreadLocalRandom.current()::nextDouble);
  }
}
