package dev.outbox.idempotency.jobs;

/**
 * A job that a worker has taken.
 *
 * @param id its row
 * @param fence what the row must still hold when the outcome is written; the next one to take the
 *     job makes it grow
 * @param suspect whether it may be what ends its workers, and must have this one for itself
 * @param attempt what the handler is given
 */
record TakenJob(long id, long fence, boolean suspect, JobAttempt attempt) {}
