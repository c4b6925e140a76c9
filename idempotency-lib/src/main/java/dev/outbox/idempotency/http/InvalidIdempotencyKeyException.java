package dev.outbox.idempotency.http;

/** What was sent is no idempotency key; the message says why and does not repeat it. */
public final class InvalidIdempotencyKeyException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  InvalidIdempotencyKeyException(String message) {
    super(message);
  }
}
