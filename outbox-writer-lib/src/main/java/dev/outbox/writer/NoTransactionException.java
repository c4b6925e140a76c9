package dev.outbox.writer;

/**
 * An event was appended where no transaction is active, so it would have been committed on its own,
 * without the business change. Nothing was written. A mistake in the calling code; the message says
 * how to begin a transaction.
 */
public final class NoTransactionException extends OutboxException {

  private static final long serialVersionUID = 1L;

  /** For implementations of {@link OutboxWriter}; the message says what is wrong and the remedy. */
  public NoTransactionException(String message) {
    super(message, null);
  }
}
