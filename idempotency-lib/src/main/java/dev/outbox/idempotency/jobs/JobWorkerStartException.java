package dev.outbox.idempotency.jobs;

/** A worker did not start; the cause says why. */
public final class JobWorkerStartException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  JobWorkerStartException(String message, Throwable cause) {
    super(message, cause);
  }
}
