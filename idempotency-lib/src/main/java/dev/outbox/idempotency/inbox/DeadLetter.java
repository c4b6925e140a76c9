package dev.outbox.idempotency.inbox;

import java.time.Instant;

/**
 * An event that was given up and is not applied yet.
 *
 * @param topic where it came from
 * @param partition where it came from
 * @param offset where it came from
 * @param source who published it
 * @param eventId which event it is
 * @param reason class and SQLSTATE of the failure, or that it follows another of its key
 * @param attempts how often it was tried; 0 for one that follows
 * @param at when it was given up
 * @param record where the dead-letter topic has it, as {@code topic-partition@offset}
 */
public record DeadLetter(
    String topic,
    int partition,
    long offset,
    String source,
    String eventId,
    String reason,
    int attempts,
    Instant at,
    String record) {}
