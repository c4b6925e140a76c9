/** The way of a batch through all stages; the one place that sees them all. */
@NullMarked
package dev.outbox.relay.pipeline;

import org.jspecify.annotations.NullMarked;
