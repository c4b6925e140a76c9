/** Rules for the library as a whole. */
@NullMarked
package dev.outbox.idempotency;

import org.jspecify.annotations.NullMarked;
