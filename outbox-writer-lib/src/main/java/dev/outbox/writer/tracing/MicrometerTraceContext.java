package dev.outbox.writer.tracing;

import dev.outbox.writer.HeaderSource;
import dev.outbox.writer.OutboxEvent;
import io.micrometer.tracing.TraceContext;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.propagation.Propagator;
import java.util.HashMap;
import java.util.Map;

/**
 * The current span of Micrometer Tracing on the appending thread, over whichever bridge. Without a
 * span, or when the event has a trace context of its own, it adds nothing. Needs {@code
 * io.micrometer:micrometer-tracing}. Safe for use by several threads.
 *
 * <p>Where the propagator is configured for another format than W3C's, such as B3, the parent is
 * written from the span's IDs, without state.
 */
public final class MicrometerTraceContext implements HeaderSource {

  private final Tracer tracer;
  private final Propagator propagator;

  /** Reads the tracer's current span; both come from the same bridge. */
  public MicrometerTraceContext(Tracer tracer, Propagator propagator) {
    this.tracer = tracer;
    this.propagator = propagator;
  }

  @Override
  public Map<String, String> headersFor(OutboxEvent event) {
    TraceContext context = tracer.currentTraceContext().context();
    return context == null || TraceHeaders.standIn(event) ? Map.of() : headers(context);
  }

  private Map<String, String> headers(TraceContext context) {
    Map<String, String> propagated = new HashMap<>();
    propagator.inject(context, propagated, (carrier, name, value) -> propagated.put(name, value));
    Map<String, String> headers = TraceHeaders.of(propagated);
    return headers.isEmpty() ? fromIds(context) : headers;
  }

  /** Brave may have trace IDs of half the length, which W3C fills up with zeros. */
  static Map<String, String> fromIds(TraceContext context) {
    String traceId = context.traceId();
    if (traceId.isEmpty()) {
      return Map.of();
    }
    String sampled = Boolean.TRUE.equals(context.sampled()) ? "01" : "00";
    return Map.of(
        TraceHeaders.PARENT,
        "00-%s%s-%s-%s"
            .formatted(
                "0".repeat(Math.max(0, 32 - traceId.length())),
                traceId,
                context.spanId(),
                sampled));
  }
}
