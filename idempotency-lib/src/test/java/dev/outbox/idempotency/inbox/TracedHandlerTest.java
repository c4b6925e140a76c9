package dev.outbox.idempotency.inbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.idempotency.inbox.tracing.TracedHandler;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** The span around the effect of an event, by the SDK's own exporter. */
class TracedHandlerTest extends RunnerTestBase {

  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String PARENT = "b7ad6b7169203331";

  private final InMemorySpanExporter exporter = InMemorySpanExporter.create();

  @AutoClose
  private final OpenTelemetrySdk openTelemetry =
      OpenTelemetrySdk.builder()
          .setTracerProvider(
              SdkTracerProvider.builder()
                  .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                  .build())
          .build();

  TracedHandlerTest(PostgresServer postgres, KafkaServer kafka) throws SQLException {
    super(postgres, kafka, 1);
  }

  @Test
  void theEffectRunsInASpanOfTheEventsTrace() {
    // Given an event with a trace
    ProducerRecord<byte[], byte[]> record = topic.event("e1", "k1");
    record
        .headers()
        .add("traceparent", "00-%s-%s-01".formatted(TRACE, PARENT).getBytes(UTF_8))
        .add("tracestate", "vendor=value".getBytes(UTF_8))
        .add("ce_type", "OrderPlaced".getBytes(UTF_8))
        .add("ce_time", "2026-05-01T10:00:00.123456Z".getBytes(UTF_8));
    topic.producer().send(record);
    AtomicReference<String> current = new AtomicReference<>("");
    // When it is applied, and then comes again
    InboxRunner runner =
        started(
            traced(
                (connection, event) -> {
                  current.set(Span.current().getSpanContext().getSpanId());
                  Effects.insert(connection, event);
                }));
    awaitReceived(runner, 1);
    topic.producer().send(topic.event("e1", "k1"));
    awaitReceived(runner, 2);
    // Then one span continues the trace, and is current while the effect is made
    SpanData span = onlySpan();
    assertThat(span.getTraceId()).isEqualTo(TRACE);
    assertThat(span.getParentSpanId()).isEqualTo(PARENT);
    assertThat(span.getSpanContext().getTraceState().get("vendor")).isEqualTo("value");
    assertThat(span.getSpanId()).isEqualTo(current.get());
    assertThat(span.getKind()).isEqualTo(SpanKind.CONSUMER);
    assertThat(span.getName()).isEqualTo("process " + topic.name());
    assertThat(span.getStatus()).isEqualTo(StatusData.unset());
    assertThat(attributes(span))
        .contains("messaging.system=kafka", "messaging.destination.name=" + topic.name())
        .contains("messaging.message.id=e1", "messaging.kafka.offset=0")
        .contains("messaging.destination.partition.id=0", "messaging.operation.type=process")
        .contains("cloudevents.event_type=OrderPlaced");
    assertThat(span.getEvents())
        .extracting(EventData::getName)
        .containsExactly("outbox.committed", "outbox.published");
    assertThat(span.getEvents().get(0).getEpochNanos())
        .isEqualTo(nanos(Instant.parse("2026-05-01T10:00:00.123456Z")));
  }

  @Test
  void anEventWithoutATraceOrWithAnUnreadableOneBeginsANewOne() {
    // Given
    topic.producer().send(topic.event("e1", "k1"));
    for (String unreadable : List.of("", "00-ab", "00-" + "0".repeat(32) + "-" + PARENT + "-01")) {
      ProducerRecord<byte[], byte[]> record = topic.event("e" + unreadable, "k1");
      record.headers().add("traceparent", unreadable.getBytes(UTF_8));
      record.headers().add("ce_time", "yesterday".getBytes(UTF_8));
      topic.producer().send(record);
    }
    // When
    InboxRunner runner = started(traced(Effects::insert));
    awaitReceived(runner, 4);
    // Then
    assertThat(runner.counts().applied()).isEqualTo(4);
    List<SpanData> spans = exporter.getFinishedSpanItems();
    assertThat(spans).hasSize(4).extracting(SpanData::getTraceId).doesNotHaveDuplicates();
    assertThat(spans).noneMatch(span -> span.getParentSpanContext().isValid());
  }

  @Test
  void eachAttemptHasASpanAndAFailedOneSaysWhyWithoutThePayload() {
    // Given
    topic.producer().send(topic.event("e1", "k1"));
    // When the first attempt fails
    InboxRunner runner =
        started(
            traced(
                atFirst(
                    (connection, event) -> {
                      throw new IOException("cannot apply secret of e1");
                    })));
    awaitReceived(runner, 1);
    // Then
    List<SpanData> spans = exporter.getFinishedSpanItems();
    assertThat(spans).hasSize(2);
    assertThat(spans.get(0).getStatus()).isEqualTo(StatusData.error());
    assertThat(attributes(spans.get(0))).contains("error.type=java.io.IOException");
    assertThat(spans.get(1).getStatus()).isEqualTo(StatusData.unset());
    assertThat(spans.toString()).doesNotContain("secret");
  }

  private InboxRunnerBuilder traced(EventHandler handler) {
    return runner().handler(new TracedHandler(openTelemetry, handler));
  }

  private SpanData onlySpan() {
    List<SpanData> spans = exporter.getFinishedSpanItems();
    assertThat(spans).hasSize(1);
    return spans.get(0);
  }

  private static List<String> attributes(SpanData span) {
    return span.getAttributes().asMap().entrySet().stream()
        .map(attribute -> attribute.getKey().getKey() + "=" + attribute.getValue())
        .toList();
  }

  private static long nanos(Instant time) {
    return TimeUnit.SECONDS.toNanos(time.getEpochSecond()) + time.getNano();
  }
}
