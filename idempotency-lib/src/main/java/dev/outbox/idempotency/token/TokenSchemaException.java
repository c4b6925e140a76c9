package dev.outbox.idempotency.token;

/** The token table is missing or not what the tokens need; the message says what to do. */
public final class TokenSchemaException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  TokenSchemaException(String message) {
    super(message);
  }
}
