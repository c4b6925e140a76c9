/** The relay's metrics, declared and documented in one class. */
@NullMarked
package dev.outbox.relay.metrics;

import org.jspecify.annotations.NullMarked;
