/** Tests of guarded updates on a real database. */
@NullMarked
package dev.outbox.idempotency.update;

import org.jspecify.annotations.NullMarked;
