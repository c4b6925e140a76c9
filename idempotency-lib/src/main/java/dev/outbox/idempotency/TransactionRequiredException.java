package dev.outbox.idempotency;

/**
 * Something was used outside a transaction that must be written together with the business change.
 *
 * <p>In auto-commit mode a marker, a job or a token would be committed without what belongs to it,
 * and a crash in between would lose that for good. Nothing has been written when this is thrown.
 */
public final class TransactionRequiredException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  public TransactionRequiredException(String message) {
    super(message);
  }
}
