package dev.outbox.idempotency.http;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/** What a store answered to the question who does the work. */
public sealed interface Claim {

  /**
   * The caller does it.
   *
   * @param fence larger than that of every earlier holder of this record, and never given twice,
   *     even if the record was deleted in between
   * @param steps what earlier attempts have recorded as done, in that order
   */
  record Claimed(long fence, Map<String, byte[]> steps) implements Claim {}

  /** The caller does not. */
  sealed interface Decided extends Claim {

    /**
     * What the client is to be told.
     *
     * @param retryAfter when to ask again, if that is the answer
     */
    Outcome outcome(Duration retryAfter);
  }

  /** It is done. */
  record Completed(StoredResponse response, Instant expiresAt) implements Decided {

    @Override
    public Outcome outcome(Duration retryAfter) {
      return new Outcome.Replayed(response, expiresAt);
    }
  }

  /** Another attempt with the same request holds the lease. */
  record InProgress() implements Decided {

    @Override
    public Outcome outcome(Duration retryAfter) {
      return new Outcome.InProgress(retryAfter);
    }
  }

  /** The record belongs to a request that says something else. */
  record Mismatch() implements Decided {

    @Override
    public Outcome outcome(Duration retryAfter) {
      return new Outcome.Mismatch();
    }
  }
}
