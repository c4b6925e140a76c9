/** Tests of one-time tokens on a real database. */
@NullMarked
package dev.outbox.idempotency.token;

import org.jspecify.annotations.NullMarked;
