package dev.outbox.idempotency.inbox;

/** The runner did not start; the message says why and the cause has the details. */
public final class InboxStartException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  InboxStartException(String message, Throwable cause) {
    super(message, cause);
  }
}
