package dev.outbox.idempotency.inbox.tracing;

import dev.outbox.idempotency.inbox.EventHandler;
import dev.outbox.idempotency.inbox.ReceivedEvent;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.sql.Connection;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Runs a handler in a span of its own, which continues the trace that the event carries in its
 * headers {@code traceparent} and {@code tracestate} (W3C Trace Context, whatever propagators the
 * application has configured, since that is what the writer library writes). An event without a
 * trace, or with one that cannot be read, begins a new one.
 *
 * <p>The span is of kind {@code CONSUMER}, current while the handler runs, and named and attributed
 * as OpenTelemetry's conventions for messaging say. It ends before the transaction of the batch
 * does; a batch that is rolled back leaves its spans, and its next attempt makes others. Repeats
 * that the inbox recognises have none. Two span events tell of the way here: {@code
 * outbox.committed}, when the writing transaction was committed ({@code ce_time}), and {@code
 * outbox.published}, the record's timestamp; the clocks are the database's and the relay's.
 *
 * <p>An exception of the handler sets the span's status, by its class alone: its message may quote
 * the payload. Safe for use by several threads.
 */
public final class TracedHandler implements EventHandler {

  private static final String SCOPE = "dev.outbox.idempotency";

  private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("messaging.system");
  private static final AttributeKey<String> OPERATION =
      AttributeKey.stringKey("messaging.operation.type");
  private static final AttributeKey<String> OPERATION_NAME =
      AttributeKey.stringKey("messaging.operation.name");
  private static final AttributeKey<String> DESTINATION =
      AttributeKey.stringKey("messaging.destination.name");
  private static final AttributeKey<String> PARTITION =
      AttributeKey.stringKey("messaging.destination.partition.id");
  private static final AttributeKey<Long> OFFSET = AttributeKey.longKey("messaging.kafka.offset");
  private static final AttributeKey<String> MESSAGE_ID =
      AttributeKey.stringKey("messaging.message.id");
  private static final AttributeKey<String> EVENT_TYPE =
      AttributeKey.stringKey("cloudevents.event_type");
  private static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");

  private static final TextMapGetter<ReceivedEvent> HEADERS =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(ReceivedEvent event) {
          return event.headers().keySet();
        }

        @Override
        public @Nullable String get(@Nullable ReceivedEvent event, String name) {
          return event == null ? null : event.header(name).orElse(null);
        }
      };

  private final Tracer tracer;
  private final EventHandler handler;

  /**
   * @param openTelemetry makes the spans; the one that the service itself uses
   * @param handler what the spans are around
   */
  public TracedHandler(OpenTelemetry openTelemetry, EventHandler handler) {
    this.tracer = openTelemetry.getTracer(SCOPE);
    this.handler = handler;
  }

  @Override
  public void handle(Connection connection, ReceivedEvent event) throws Exception {
    Span span = start(event);
    try (Scope scope = span.makeCurrent()) {
      handler.handle(connection, event);
    } catch (Throwable e) { // an Error is a failed attempt too
      span.setStatus(StatusCode.ERROR).setAttribute(ERROR_TYPE, e.getClass().getName());
      throw e;
    } finally {
      span.end();
    }
  }

  private Span start(ReceivedEvent event) {
    // Not the current context: the polling thread may stand in a span of somebody else.
    Context parent =
        W3CTraceContextPropagator.getInstance().extract(Context.root(), event, HEADERS);
    Span span =
        tracer
            .spanBuilder("process " + event.topic())
            .setSpanKind(SpanKind.CONSUMER)
            .setParent(parent)
            .setAttribute(SYSTEM, "kafka")
            .setAttribute(OPERATION, "process")
            .setAttribute(OPERATION_NAME, "process")
            .setAttribute(DESTINATION, event.topic())
            .setAttribute(PARTITION, String.valueOf(event.partition()))
            .setAttribute(OFFSET, event.offset())
            .setAttribute(MESSAGE_ID, event.id())
            .startSpan();
    event.type().ifPresent(type -> span.setAttribute(EVENT_TYPE, type));
    committedAt(event).ifPresent(time -> span.addEvent("outbox.committed", time));
    span.addEvent("outbox.published", event.timestamp());
    return span;
  }

  private static Optional<Instant> committedAt(ReceivedEvent event) {
    try {
      return event.header("ce_time").map(Instant::parse);
    } catch (DateTimeParseException e) {
      return Optional.empty(); // somebody else's record
    }
  }
}
