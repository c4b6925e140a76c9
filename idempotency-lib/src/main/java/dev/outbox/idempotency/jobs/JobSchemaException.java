package dev.outbox.idempotency.jobs;

/** The job table is missing or not what the jobs need; the message says what to do. */
public final class JobSchemaException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  JobSchemaException(String message) {
    super(message);
  }
}
