package dev.outbox.idempotency.inbox;

/** The inbox table is missing or not what the inbox needs; the message says what to do. */
public final class InboxSchemaException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  InboxSchemaException(String message) {
    super(message);
  }
}
