/** After a gap: from the outbox table, what the slot will never deliver. */
@NullMarked
package dev.outbox.relay.recovery;

import org.jspecify.annotations.NullMarked;
