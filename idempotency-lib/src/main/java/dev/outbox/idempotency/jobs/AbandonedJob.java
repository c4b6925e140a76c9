package dev.outbox.idempotency.jobs;

import java.time.Instant;

/**
 * A job that was given up and waits for a person.
 *
 * @param key which one
 * @param attempts how often it was tried
 * @param reason why the last attempt did not succeed
 * @param since when it was given up
 */
public record AbandonedJob(JobKey key, int attempts, String reason, Instant since) {}
