/** Tests of what the parts of the library share. */
@NullMarked
package dev.outbox.idempotency.internal;

import org.jspecify.annotations.NullMarked;
