package dev.outbox.idempotency.inbox;

/**
 * The inbox was used outside a transaction.
 *
 * <p>In auto-commit mode the marker would be committed before its effect, and a crash in between
 * would lose the event for good. Nothing has been written when this is thrown.
 */
public final class TransactionRequiredException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  public TransactionRequiredException(String message) {
    super(message);
  }
}
