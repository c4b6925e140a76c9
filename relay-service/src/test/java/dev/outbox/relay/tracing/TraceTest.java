package dev.outbox.relay.tracing;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.inbox.EventHandler;
import dev.outbox.idempotency.inbox.InboxRunner;
import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.idempotency.inbox.ReceivedEvent;
import dev.outbox.idempotency.inbox.tracing.TracedHandler;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.TopicReader;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** From the HTTP request over outbox, relay and topic to the effect, as an exporter gets it. */
@WithLocalStack
class TraceTest {

  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String CALLER = "b7ad6b7169203331";

  private final InMemorySpanExporter exporter = InMemorySpanExporter.create();

  @AutoClose
  private final OpenTelemetrySdk openTelemetry =
      OpenTelemetrySdk.builder()
          .setTracerProvider(
              SdkTracerProvider.builder()
                  .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                  .build())
          .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
          .build();

  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;
  private AutoCloseable relay;
  private InboxRunner consumer;

  @BeforeEach
  void start(PostgresServer postgres, KafkaServer kafka) {
    database = OutboxDatabase.create(postgres);
    database.execute("create table shipment (event text, span text)");
    String topic = database.slot() + ".Order";
    kafka.createTopic(topic, 1);
    topics = new TopicReader(kafka.bootstrapServers(), topic);
    relay = Relays.leading(database, kafka, Map.of());
    consumer = consumer(kafka, topic);
    consumer.start();
  }

  @AfterEach
  void stop() throws Exception {
    consumer.stop();
    relay.close();
  }

  @Test
  void oneTraceJoinsRequestEventAndEffect() throws Exception {
    // When somebody who traces sends an order
    try (TracedService service = new TracedService(database, openTelemetry)) {
      HttpRequest request =
          HttpRequest.newBuilder(service.orders())
              .header("traceparent", "00-%s-%s-01".formatted(TRACE, CALLER))
              .POST(BodyPublishers.noBody())
              .build();
      assertThat(HttpClient.newHttpClient().send(request, BodyHandlers.discarding()).statusCode())
          .isEqualTo(201);
      await().atMost(PATIENCE).until(() -> consumer.counts().applied() == 1);
    }
    // Then its trace holds the request, the consumer's span and what the effect did
    SpanData request = span("POST /orders");
    SpanData processing = span("process " + database.slot() + ".Order");
    SpanData effect = span("plan shipment");
    assertThat(exporter.getFinishedSpanItems())
        .hasSize(3)
        .allMatch(span -> span.getTraceId().equals(TRACE));
    assertThat(request.getParentSpanId()).isEqualTo(CALLER);
    assertThat(processing.getKind()).isEqualTo(SpanKind.CONSUMER);
    assertThat(processing.getParentSpanId()).isEqualTo(request.getSpanId());
    assertThat(effect.getParentSpanId()).isEqualTo(processing.getSpanId());
    assertThat(database.queryAll("select span from shipment")).containsExactly(effect.getSpanId());
    // And the relay has carried it as it was
    String parent = "00-%s-%s-01".formatted(TRACE, request.getSpanId());
    assertThat(database.queryAll("select headers::jsonb ->> 'traceparent' from outbox_event"))
        .containsExactly(parent);
    await().atMost(PATIENCE).until(() -> topics.poll().size() == 1);
    assertThat(topics.poll())
        .extracting(record -> TopicReader.header(record, "traceparent"))
        .containsExactly(parent);
    // And how long the event was on its way can be read from the consumer's span
    assertThat(processing.getEvents().get(0).getEpochNanos())
        .isBetween(request.getStartEpochNanos() - 1_000_000, processing.getEndEpochNanos());
  }

  @Test
  void aMissingOrUnreadableTraceParksNothingAndIsCarriedAsItIs() {
    List<String> unreadable =
        List.of("", "00-ab", "é", "00-" + "0".repeat(32) + "-" + CALLER + "-01");
    // When
    insert("null");
    unreadable.forEach(
        parent -> insert("json_build_object('traceparent', '" + parent + "')::text"));
    // Then each is published and applied, in a trace of its own
    await().atMost(PATIENCE).until(() -> consumer.counts().applied() == 1 + unreadable.size());
    await().atMost(PATIENCE).until(() -> topics.poll().size() == 1 + unreadable.size());
    assertThat(topics.poll().get(0).headers().lastHeader("traceparent")).isNull();
    assertThat(topics.poll().subList(1, 1 + unreadable.size()))
        .extracting(TraceTest::traceparent)
        .containsExactlyElementsOf(unreadable);
    assertThat(database.query("select count(*) from outbox_parked")).isEqualTo("0");
    assertThat(exporter.getFinishedSpanItems())
        .filteredOn(span -> span.getKind() == SpanKind.CONSUMER)
        .hasSize(1 + unreadable.size())
        .noneMatch(span -> span.getParentSpanContext().isValid())
        .extracting(SpanData::getTraceId)
        .doesNotHaveDuplicates();
  }

  private void insert(String headers) {
    database.execute(
        """
        insert into outbox_event (id, aggregatetype, aggregateid, type, payload, headers)
        values (gen_random_uuid(), 'Order', '42', 'OrderPlaced', '{}', %s)
        """
            .formatted(headers));
  }

  private static String traceparent(ConsumerRecord<byte[], byte[]> record) {
    return new String(record.headers().lastHeader("traceparent").value(), UTF_8);
  }

  private SpanData span(String name) {
    return exporter.getFinishedSpanItems().stream()
        .filter(span -> span.getName().equals(name))
        .findAny()
        .orElseThrow(() -> new AssertionError("no span " + name));
  }

  private InboxRunner consumer(KafkaServer kafka, String topic) {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(database.url());
    dataSource.setUser(database.server().username());
    dataSource.setPassword(database.server().password());
    InboxSchema.migrate(dataSource);
    EventHandler traced = new TracedHandler(openTelemetry, this::planShipment);
    return InboxRunner.builder()
        .consumer("shipping of " + topic)
        .topics(topic)
        .kafka(Map.of("bootstrap.servers", kafka.bootstrapServers()))
        .dataSource(dataSource)
        .handler(traced)
        .build();
  }

  private void planShipment(Connection connection, ReceivedEvent event) throws SQLException {
    Span span = openTelemetry.getTracer("shipping").spanBuilder("plan shipment").startSpan();
    try (PreparedStatement statement =
        connection.prepareStatement("insert into shipment values (?, ?)")) {
      statement.setString(1, event.id());
      statement.setString(2, span.getSpanContext().getSpanId());
      statement.executeUpdate();
    } finally {
      span.end();
    }
  }
}
