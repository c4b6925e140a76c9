package dev.outbox.relay.failure;

/**
 * Events may have been committed that the slot will never deliver. Only an operator can tell what
 * is to be done, so the relay remembers it and does not go on by itself.
 */
public final class GapException extends RelayException {
  private static final long serialVersionUID = 1L;

  /** As in the superclass; found before or while events are read. */
  public GapException(String problem, String remedy) {
    super(Stage.PREFLIGHT, problem, remedy);
  }
}
