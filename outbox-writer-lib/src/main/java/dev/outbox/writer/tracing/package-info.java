/**
 * The trace that an event belongs to, as its headers {@code traceparent} and {@code tracestate}
 * (W3C Trace Context). The relay passes them on under the same names, where the usual
 * instrumentations of Kafka consumers look for them. Baggage is not passed on, since it may be
 * confidential.
 *
 * <p>OpenTelemetry and Micrometer Tracing are optional; each class needs only its own.
 */
@NullMarked
package dev.outbox.writer.tracing;

import org.jspecify.annotations.NullMarked;
