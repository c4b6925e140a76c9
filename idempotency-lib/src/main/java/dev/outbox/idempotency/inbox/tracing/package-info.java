/**
 * The effect of an event as a part of the trace in which the event was written.
 *
 * <p>OpenTelemetry's API is optional; only this package needs it.
 */
@NullMarked
package dev.outbox.idempotency.inbox.tracing;

import org.jspecify.annotations.NullMarked;
