package dev.outbox.idempotency.http;

/** Hears what becomes of each request. Called by the thread of the request; must not block. */
@FunctionalInterface
public interface IdempotencyListener {

  /** Once for each request, after it. */
  void happened(Endpoint endpoint, Event event);

  /** Hears nothing. */
  static IdempotencyListener none() {
    return (endpoint, event) -> {};
  }

  /** What became of a request. */
  enum Event {
    /** Did its work, and the answer is stored. */
    EXECUTED,
    /** Did its work or tried to, and the answer is not stored: the next attempt runs again. */
    RELEASED,
    /** Got an earlier attempt's answer. */
    REPLAYED,
    /** Refused, 409: another attempt is at work. */
    IN_PROGRESS,
    /** Refused, 422: the key was used for another request. */
    MISMATCH,
    /** Without key: refused where one is required, else unprotected. */
    KEY_MISSING,
    /** With something that is no key: refused, or in stage observe unprotected. */
    KEY_INVALID,
    /** Refused, 403: no principal; or in stage observe unprotected. */
    PRINCIPAL_MISSING,
    /** Failed with an exception; nothing is stored. */
    FAILED,
    /** Stage observe: a key that was not seen before. */
    OBSERVED_FIRST,
    /** Stage observe: a repeat, which ran again; it would be replayed. */
    OBSERVED_REPEAT,
    /** Stage observe: a key used for another request; it would be refused. */
    OBSERVED_MISMATCH,
    /** Stage observe: the store could not be asked; the request did not suffer. */
    OBSERVATION_FAILED;

    static Event of(Outcome.Refusal refusal) {
      if (refusal instanceof Outcome.InProgress) {
        return IN_PROGRESS;
      }
      if (refusal instanceof Outcome.Mismatch) {
        return MISMATCH;
      }
      if (refusal instanceof Outcome.KeyMissing) {
        return KEY_MISSING;
      }
      return refusal instanceof Outcome.KeyInvalid ? KEY_INVALID : PRINCIPAL_MISSING;
    }
  }
}
