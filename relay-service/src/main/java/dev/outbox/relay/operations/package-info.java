/** Looking after the outbox: audit, replay, retention. */
@NullMarked
package dev.outbox.relay.operations;

import org.jspecify.annotations.NullMarked;
