/** Tests of the inbox on real servers. */
@NullMarked
package dev.outbox.idempotency.inbox;

import org.jspecify.annotations.NullMarked;
