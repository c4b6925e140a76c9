/**
 * A lock in front of work that should not be begun twice at once, and a unique index behind it.
 *
 * <p>The lock only spares work. It may expire while its holder works, and its server may be gone or
 * emptied; so the effect itself must be guarded by the database, by a unique index or a guarded
 * update, and is then there once whatever becomes of the lock. {@link
 * dev.outbox.idempotency.lock.LockFront} puts the two together.
 */
@NullMarked
package dev.outbox.idempotency.lock;

import org.jspecify.annotations.NullMarked;
