package dev.outbox.writer.tracing;

import dev.outbox.writer.HeaderSource;
import dev.outbox.writer.OutboxEvent;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import java.util.HashMap;
import java.util.Map;

/**
 * The current OpenTelemetry span of the appending thread, whether the SDK or the Java agent has
 * made it. Without a span, or when the event has a trace context of its own, it adds nothing. Needs
 * {@code io.opentelemetry:opentelemetry-api}. Safe for use by several threads.
 *
 * <p>Always in W3C's format, whatever propagators the application has configured, since others need
 * headers of their own.
 */
public final class OpenTelemetryTraceContext implements HeaderSource {

  @Override
  public Map<String, String> headersFor(OutboxEvent event) {
    if (TraceHeaders.standIn(event)) {
      return Map.of();
    }
    Map<String, String> propagated = new HashMap<>();
    W3CTraceContextPropagator.getInstance()
        .inject(
            Context.current(), propagated, (carrier, name, value) -> propagated.put(name, value));
    return TraceHeaders.of(propagated);
  }
}
