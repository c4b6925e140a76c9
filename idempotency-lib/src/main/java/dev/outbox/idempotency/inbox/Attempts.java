package dev.outbox.idempotency.inbox;

import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.List;
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

  /** Connection, resources, operator, system; and transactions that collided with others. */
  private static final List<String> NOT_THE_EVENTS_FAULT = List.of("08", "53", "57", "58", "40");

  /** A statement timeout: of the operator's class, and yet the event's own. */
  private static final String CANCELLED = "57014";

  Attempts {
    if (most < 1) {
      throw new IllegalArgumentException("attempts(%d): at least 1".formatted(most));
    }
  }

  boolean areOver(int attempts, Exception failure) {
    return attempts >= most || !worthARetry.test(failure);
  }

  /** From the first attempt of an event to its last. */
  Duration longestRetry() {
    return between.total(most);
  }

  Duration waitAfter(int attempt) {
    return between.after(attempt, ThreadLocalRandom.current()::nextDouble);
  }

  /** Whether the database is away or busy, so that no event is to blame. */
  static boolean isUnavailability(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SQLException e && isUnavailability(e)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isUnavailability(SQLException failure) {
    String state = String.valueOf(failure.getSQLState());
    return failure instanceof SQLTransientConnectionException
        || failure instanceof SQLNonTransientConnectionException
        || failure instanceof SQLRecoverableException
        || (!state.equals(CANCELLED) && NOT_THE_EVENTS_FAULT.stream().anyMatch(state::startsWith));
  }
}
