/** Tests of the locks on real servers that are stopped, killed and emptied. */
@NullMarked
package dev.outbox.idempotency.lock;

import org.jspecify.annotations.NullMarked;
