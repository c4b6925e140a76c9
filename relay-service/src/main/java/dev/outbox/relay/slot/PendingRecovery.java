package dev.outbox.relay.slot;

import java.time.Instant;

/**
 * What must be published from the table before anything from a slot that was made after a gap.
 *
 * @param gap what had happened
 * @param epoch the epoch of the positions of what is published from the table; the slot's own is
 *     the next one
 * @param floor rows up to this number are published
 * @param since rows with higher numbers were written from this time on, by the server's clock
 * @param snapshot transactions that the slot does not deliver, {@code pg_snapshot} as text: rows of
 *     those that are visible in it were committed before the slot began
 */
public record PendingRecovery(String gap, int epoch, long floor, Instant since, String snapshot) {}
