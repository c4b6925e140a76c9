package dev.outbox.idempotency.jobs;

/**
 * A job that a worker has taken.
 *
 * @param id its row
 * @param fence what the row must still hold when the outcome is written; the next one to take the
 *     job makes it grow
 * @param attempt what the handler is given
 */
record TakenJob(long id, long fence, JobAttempt attempt) {}
