/** One trace over everything that an event passes. */
@NullMarked
package dev.outbox.relay.tracing;

import org.jspecify.annotations.NullMarked;
