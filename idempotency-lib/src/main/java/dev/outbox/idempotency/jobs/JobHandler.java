package dev.outbox.idempotency.jobs;

/** Carries out the jobs of one type. */
@FunctionalInterface
public interface JobHandler {

  /**
   * Carry out the effect, and pass {@link JobAttempt#idempotencyKey} on to whoever receives it: a
   * worker may be killed, or an answer lost, after the receiver has acted.
   *
   * <p>Called outside a database transaction, on one of the worker's threads, for several jobs at
   * once. Give every call that waits a timeout of its own; beyond the worker's {@code
   * attemptTimeout} the thread is interrupted.
   *
   * @return what became of it
   * @throws Exception counts as {@link JobOutcome#retry}
   */
  JobOutcome handle(JobAttempt attempt) throws Exception;
}
