package dev.outbox.idempotency.http;

/** The table of the keys is missing or not what they need; the message says what to do. */
public final class IdempotencySchemaException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  IdempotencySchemaException(String message) {
    super(message);
  }
}
