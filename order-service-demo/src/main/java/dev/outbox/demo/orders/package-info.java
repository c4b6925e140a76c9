/**
 * Orders and their stages: each change commits together with the event that tells of it. Placing is
 * guarded by an idempotency key, the later stages by the status they may start from.
 */
@NullMarked
package dev.outbox.demo.orders;

import org.jspecify.annotations.NullMarked;
