package dev.outbox.writer.tracing;

import dev.outbox.writer.OutboxEvent;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The headers of W3C Trace Context. They belong together: the state of one trace beside the parent
 * of another would be wrong, so an event that has one of them gets neither.
 */
final class TraceHeaders {

  static final String PARENT = "traceparent";
  static final String STATE = "tracestate";

  private TraceHeaders() {}

  static boolean standIn(OutboxEvent event) {
    return event.headers().containsKey(PARENT) || event.headers().containsKey(STATE);
  }

  /** Of what a propagator has written, those two; without a parent none. */
  static Map<String, String> of(Map<String, String> propagated) {
    Map<String, String> headers = new LinkedHashMap<>();
    String parent = propagated.get(PARENT);
    if (parent != null) {
      headers.put(PARENT, parent);
      String state = propagated.get(STATE);
      if (state != null && !state.isEmpty()) {
        headers.put(STATE, state);
      }
    }
    return headers;
  }
}
