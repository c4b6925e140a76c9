package dev.outbox.writer;

/**
 * An event was appended in a transaction that was begun as read-only. Nothing was written. A
 * mistake in the calling code; the message says what to change.
 */
public final class ReadOnlyTransactionException extends OutboxException {

  private static final long serialVersionUID = 1L;

  /** For implementations of {@link OutboxWriter}; the message says what is wrong and the remedy. */
  public ReadOnlyTransactionException(String message) {
    super(message, null);
  }
}
