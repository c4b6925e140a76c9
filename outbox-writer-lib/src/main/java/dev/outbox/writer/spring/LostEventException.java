package dev.outbox.writer.spring;

import dev.outbox.writer.OutboxException;

/**
 * A transaction was to be committed in which a published domain event could not be appended to the
 * outbox, and whoever published it went on regardless. It is rolled back instead; the cause says
 * what went wrong.
 */
public final class LostEventException extends OutboxException {

  private static final long serialVersionUID = 1L;

  LostEventException(Throwable failure) {
    super(
        "Cannot commit: a domain event published in this transaction could not be appended to the"
            + " outbox, so the business change would be committed without it. Let the exception of"
            + " publishEvent pass, or mend its cause: "
            + failure.getMessage(),
        failure);
  }
}
