/**
 * Optimistic locking: updates that carry a condition, such as the version or the status the caller
 * has seen, and tell clearly when it did not hold.
 *
 * <p>{@link dev.outbox.idempotency.update.GuardedRows} makes them over plain JDBC, in the caller's
 * transaction.
 */
@NullMarked
package dev.outbox.idempotency.update;

import org.jspecify.annotations.NullMarked;
