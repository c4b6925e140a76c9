package dev.outbox.idempotency.jobs;

import java.sql.Connection;
import java.time.Duration;
import java.util.Optional;

/** What became of an attempt. */
public sealed interface JobOutcome {

  /**
   * The effect has happened.
   *
   * @param recording what to write in the same transaction that marks the job as done
   */
  record Done(Optional<Recording> recording) implements JobOutcome {}

  /**
   * It has not happened, or that is not known; try again.
   *
   * @param reason kept with the job, for people
   * @param after when the receiver said how long to wait, at most a year; else the worker's backoff
   *     decides
   */
  record Retry(String reason, Optional<Duration> after) implements JobOutcome {

    private static final Duration LONGEST = Duration.ofDays(365);

    public Retry {
      after.ifPresent(
          wait -> {
            if (wait.isNegative() || wait.compareTo(LONGEST) > 0) {
              throw new IllegalArgumentException(
                  "retry after %s: from 0 to %s".formatted(wait, LONGEST));
            }
          });
    }
  }

  /**
   * It will never happen by itself; a person has to look.
   *
   * @param reason kept with the job
   */
  record GiveUp(String reason) implements JobOutcome {}

  /** Writes what the receiver answered, only while the attempt is still the current one. */
  @FunctionalInterface
  interface Recording {

    /**
     * @param connection inside the transaction; do not commit, roll back or close it
     * @throws Exception rolls the transaction back; the job is then tried again, with the same key
     */
    void write(Connection connection) throws Exception;
  }

  static JobOutcome done() {
    return new Done(Optional.empty());
  }

  /** Done, and the answer is kept in the same transaction. */
  static JobOutcome done(Recording recording) {
    return new Done(Optional.of(recording));
  }

  static JobOutcome retry(String reason) {
    return new Retry(reason, Optional.empty());
  }

  /** As the receiver's {@code Retry-After} says. */
  static JobOutcome retry(String reason, Duration after) {
    return new Retry(reason, Optional.of(after));
  }

  static JobOutcome giveUp(String reason) {
    return new GiveUp(reason);
  }
}
