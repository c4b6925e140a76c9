package dev.outbox.idempotency.http;

/** Keys would be forgotten while clients may still retry; the message has the sum. */
public final class WindowTooShortException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  WindowTooShortException(String message) {
    super(message);
  }
}
