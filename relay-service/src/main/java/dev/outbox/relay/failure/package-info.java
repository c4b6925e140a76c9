/** Failures that an operator can act on: what is wrong, and the remedy. */
@NullMarked
package dev.outbox.relay.failure;

import org.jspecify.annotations.NullMarked;
