package dev.outbox.idempotency.http.spring;

/** What the handler answers could not be given again; rolls the transaction back. */
final class NotReplayableException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  NotReplayableException(String message) {
    super(message);
  }
}
