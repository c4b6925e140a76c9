package dev.outbox.idempotency.http;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What became of a request, and what the client is to be told. */
public sealed interface Outcome {

  /**
   * This attempt did the work.
   *
   * @param response what the work answered, whole
   * @param remembered until when a repeat gets the same answer; empty when it was released and the
   *     next attempt runs again
   */
  record Executed(StoredResponse response, Optional<Instant> remembered) implements Outcome {}

  /**
   * An earlier attempt did the work; this is its answer.
   *
   * @param response byte for byte, without the headers that are never stored
   * @param remembered until when
   */
  record Replayed(StoredResponse response, Instant remembered) implements Outcome {}

  /** Nothing was done, and this is why. {@link Problem#of} has the answer. */
  sealed interface Refusal extends Outcome {}

  /**
   * 409: another attempt is at work.
   *
   * @param retryAfter when to ask again
   */
  record InProgress(Duration retryAfter) implements Refusal {}

  /** 422: the key was used for another request. */
  record Mismatch() implements Refusal {}

  /** 400: the endpoint requires a key. */
  record KeyMissing() implements Refusal {}

  /**
   * 400: what was sent is no key.
   *
   * @param reason why, without the value
   */
  record KeyInvalid(String reason) implements Refusal {}

  /** 403: keys are scoped by principal, and the request has none. */
  record PrincipalMissing() implements Refusal {}
}
