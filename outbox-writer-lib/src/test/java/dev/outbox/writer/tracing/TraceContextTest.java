package dev.outbox.writer.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.HeaderSource;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxTable;
import dev.outbox.writer.TestDatabase;
import dev.outbox.writer.test.AppendedEvents;
import io.micrometer.tracing.TraceContext;
import io.micrometer.tracing.otel.bridge.OtelBaggageManager;
import io.micrometer.tracing.otel.bridge.OtelCurrentTraceContext;
import io.micrometer.tracing.otel.bridge.OtelPropagator;
import io.micrometer.tracing.otel.bridge.OtelTracer;
import io.micrometer.tracing.propagation.Propagator;
import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.api.baggage.propagation.W3CBaggagePropagator;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The OpenTelemetry SDK and Micrometer's bridge are the real ones. */
@WithLocalStack
class TraceContextTest {

  private static final OutboxEvent PLACED = OutboxEvent.of("Order", "42", "OrderPlaced", "{}");

  private final SdkTracerProvider provider = SdkTracerProvider.builder().build();
  private final Tracer tracer = provider.get("test");
  private static TestDatabase database;

  @BeforeAll
  static void createDatabase(PostgresServer server) throws SQLException {
    database = TestDatabase.withOutbox(server);
    database.letServiceRead();
  }

  @BeforeEach
  void empty() throws SQLException {
    database.execute("truncate outbox_event");
  }

  @AfterEach
  void closeProvider() {
    provider.close();
  }

  /** Each way to come by the current span. */
  static Stream<HeaderSource> sources() {
    return Stream.of(
        new OpenTelemetryTraceContext(),
        micrometer(
            TextMapPropagator.composite(
                W3CTraceContextPropagator.getInstance(), W3CBaggagePropagator.getInstance())));
  }

  private static MicrometerTraceContext micrometer(TextMapPropagator format) {
    Tracer unused = SdkTracerProvider.builder().build().get("bridge");
    OtelCurrentTraceContext current = new OtelCurrentTraceContext();
    Propagator propagator = new OtelPropagator(ContextPropagators.create(format), unused);
    return new MicrometerTraceContext(
        new OtelTracer(
            unused, current, event -> {}, new OtelBaggageManager(current, List.of(), List.of())),
        propagator);
  }

  @ParameterizedTest
  @MethodSource("sources")
  void theCurrentSpanTravelsAsTraceparentAndTracestate(HeaderSource source) throws SQLException {
    // Given
    Span span = spanWithState();

    // When
    try (Scope scope = span.makeCurrent()) {
      append(source, PLACED);
    }

    // Then
    assertThat(storedHeaders())
        .containsOnly(
            Map.entry("traceparent", parentOf(span)), Map.entry("tracestate", "vendor=value"));
  }

  @ParameterizedTest
  @MethodSource("sources")
  void withoutASpanThereAreNoHeaders(HeaderSource source) throws SQLException {
    append(source, PLACED);

    assertThat(database.rows("select headers is null from outbox_event")).containsExactly("t");
  }

  @ParameterizedTest
  @MethodSource("sources")
  void aTraceThatTheCallerSetWinsAndIsNotMixedWithTheCurrentOne(HeaderSource source)
      throws SQLException {
    String own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    try (Scope scope = spanWithState().makeCurrent()) {
      append(source, PLACED.withHeader("traceparent", own));
    }

    assertThat(storedHeaders()).containsOnly(Map.entry("traceparent", own));
  }

  @ParameterizedTest
  @MethodSource("sources")
  void baggageStaysInTheService(HeaderSource source) throws SQLException {
    Baggage baggage = Baggage.builder().put("customer", "secret").build();

    try (Scope outer = tracer.spanBuilder("work").startSpan().makeCurrent();
        Scope inner = Context.current().with(baggage).makeCurrent()) {
      append(source, PLACED);
    }

    assertThat(storedHeaders()).containsOnlyKeys("traceparent");
  }

  @ParameterizedTest
  @MethodSource("sources")
  void aSpanThatIsNotSampledIsPassedOnAsNotSampled(HeaderSource source) throws SQLException {
    try (SdkTracerProvider never =
            SdkTracerProvider.builder().setSampler(Sampler.alwaysOff()).build();
        Scope scope = never.get("test").spanBuilder("work").startSpan().makeCurrent()) {
      append(source, PLACED);
    }

    // The other bit says that the trace ID is random.
    assertThat(storedHeaders().get("traceparent")).matches(".*-0[02]");
  }

  @Test
  void withAnotherFormatOfMicrometersTheParentIsStillThatOfW3c() throws SQLException {
    Span span = tracer.spanBuilder("work").startSpan();

    try (Scope scope = span.makeCurrent()) {
      append(micrometer(TextMapPropagator.noop()), PLACED);
    }

    assertThat(storedHeaders()).containsOnly(Map.entry("traceparent", parentOf(span)));
  }

  /** As Brave's bridge gives them, which may be told to use short trace IDs. */
  private record Ids(String traceId, String parentId, String spanId, Boolean sampled)
      implements TraceContext {}

  @ParameterizedTest
  @CsvSource({
    "b7ad6b7169203331,true,00-0000000000000000b7ad6b7169203331-00f067aa0ba902b7-01",
    "0af7651916cd43dd8448eb211c80319c,false,00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00"
  })
  void aTraceIdOfHalfTheLengthIsFilledUp(String traceId, boolean sampled, String parent) {
    Map<String, String> headers =
        MicrometerTraceContext.fromIds(new Ids(traceId, "", "00f067aa0ba902b7", sampled));

    assertThat(headers).isEqualTo(Map.of("traceparent", parent));
  }

  @Test
  void aTracerWithoutBridgeAddsNothing() throws SQLException {
    append(new MicrometerTraceContext(io.micrometer.tracing.Tracer.NOOP, Propagator.NOOP), PLACED);

    assertThat(storedHeaders()).isEmpty();
  }

  private Span spanWithState() {
    SpanContext remote =
        SpanContext.createFromRemoteParent(
            "0af7651916cd43dd8448eb211c80319c",
            "b7ad6b7169203331",
            TraceFlags.getSampled(),
            TraceState.builder().put("vendor", "value").build());
    return tracer.spanBuilder("work").setParent(Context.root().with(Span.wrap(remote))).startSpan();
  }

  private static String parentOf(Span span) {
    SpanContext context = span.getSpanContext();
    return "00-%s-%s-01".formatted(context.getTraceId(), context.getSpanId());
  }

  private void append(HeaderSource source, OutboxEvent event) throws SQLException {
    JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event").withHeadersFrom(source);
    try (Connection connection = database.begin()) {
      outbox.writer(connection).append(event);
      connection.commit();
    }
  }

  private Map<String, String> storedHeaders() throws SQLException {
    try (Connection connection = database.begin()) {
      return AppendedEvents.inTable(connection, OutboxTable.DEFAULT).assertOnly().event().headers();
    }
  }
}
