package dev.outbox.idempotency.http;

/** The store could not be asked; what was asked may have happened. The cause has the reason. */
public final class IdempotencyStoreException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public IdempotencyStoreException(String message, Throwable cause) {
    super(message, cause);
  }
}
