package dev.outbox.writer.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.EventSerializer;
import dev.outbox.writer.HeaderSource;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxTable;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.TestDatabase;
import dev.outbox.writer.json.JsonSerializer;
import dev.outbox.writer.test.AppendedEvents;
import io.micrometer.tracing.Tracer;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.micrometer.tracing.autoconfigure.MicrometerTracingAutoConfiguration;
import org.springframework.boot.micrometer.tracing.opentelemetry.autoconfigure.OpenTelemetryTracingAutoConfiguration;
import org.springframework.boot.opentelemetry.autoconfigure.OpenTelemetrySdkAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.json.JsonMapper;

/** Jackson, Micrometer Tracing and OpenTelemetry, each with and without. */
@WithLocalStack
class OptionalPartsTest {

  record Placed(String orderId) {}

  private static TestDatabase database;
  private ApplicationContextRunner application;

  @BeforeAll
  static void createDatabase(PostgresServer server) throws SQLException {
    database = TestDatabase.withOutbox(server);
    database.letServiceRead();
  }

  @BeforeEach
  void prepare(PostgresServer server) throws SQLException {
    database.execute("truncate outbox_event");
    application =
        new ApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    DataSourceAutoConfiguration.class,
                    DataSourceTransactionManagerAutoConfiguration.class,
                    TransactionAutoConfiguration.class,
                    OutboxWriterAutoConfiguration.class))
            .withPropertyValues(database.springProperties(database.roles().service()))
            .withPropertyValues(
                "spring.datasource.hikari.maximum-pool-size=3", "outbox.writer.migrate=false");
  }

  @Test
  @SuppressWarnings("unchecked")
  void theSerializerUsesTheApplicationsOwnJsonMapper() {
    application
        .withConfiguration(AutoConfigurations.of(JacksonAutoConfiguration.class))
        .withPropertyValues("spring.jackson.property-naming-strategy=SNAKE_CASE")
        .run(
            context -> {
              EventSerializer<Object> json = context.getBean(EventSerializer.class);
              OutboxEvent event = OutboxEvent.of("Order", "42", "Placed", new Placed("42"), json);

              assertThat(new String(event.payload().orElseThrow(), UTF_8))
                  .isEqualTo("{\"order_id\":\"42\"}");
              assertThat(event.headers()).containsEntry("content-type", "application/json");
            });
  }

  @Test
  void aSerializerOfTheApplicationsReplacesIt() {
    application
        .withConfiguration(AutoConfigurations.of(JacksonAutoConfiguration.class))
        .withBean(EventSerializer.class, () -> EventSerializer.ofBytes("application/x"))
        .run(
            context ->
                assertThat(context)
                    .hasSingleBean(EventSerializer.class)
                    .doesNotHaveBean(JsonSerializer.class));
  }

  @Test
  void withoutJacksonOrWithoutOneMapperThereIsNoSerializer() {
    application
        .withClassLoader(new FilteredClassLoader(JsonMapper.class))
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(EventSerializer.class));
    application
        .withBean("one", JsonMapper.class, () -> JsonMapper.builder().build())
        .withBean("two", JsonMapper.class, () -> JsonMapper.builder().build())
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(EventSerializer.class));
  }

  @Test
  void withMicrometerTracingTheCurrentSpanTravelsWithTheEvent() {
    application
        .withConfiguration(
            AutoConfigurations.of(
                OpenTelemetrySdkAutoConfiguration.class,
                MicrometerTracingAutoConfiguration.class,
                OpenTelemetryTracingAutoConfiguration.class))
        .withPropertyValues("management.tracing.sampling.probability=1.0")
        .run(
            context -> {
              Tracer tracer = context.getBean(Tracer.class);
              io.micrometer.tracing.Span span = tracer.nextSpan().start();
              try (Tracer.SpanInScope scope = tracer.withSpan(span)) {
                append(context);
              }

              assertThat(headers().get("traceparent"))
                  .contains(span.context().traceId())
                  .contains(span.context().spanId());
            });
  }

  @Test
  void withOpenTelemetryAloneTheCurrentSpanTravelsWithTheEvent() {
    application
        .withClassLoader(new FilteredClassLoader("io.micrometer"))
        .run(context -> assertTravels(context));
  }

  @Test
  void aTracerOfMicrometersWithoutBridgeDoesNotHideOpenTelemetry() {
    application
        .withBean(Tracer.class, () -> Tracer.NOOP)
        .withBean(
            io.micrometer.tracing.propagation.Propagator.class,
            () -> io.micrometer.tracing.propagation.Propagator.NOOP)
        .run(context -> assertTravels(context));
  }

  private void assertTravels(ApplicationContext context) throws SQLException {
    try (SdkTracerProvider provider = SdkTracerProvider.builder().build()) {
      Span span = provider.get("test").spanBuilder("work").startSpan();
      try (Scope scope = span.makeCurrent()) {
        append(context);
      }
      assertThat(headers().get("traceparent")).contains(span.getSpanContext().getSpanId());
    }
  }

  @Test
  void withoutAnyTracingAndWithItSwitchedOffEventsHaveNoTrace() {
    application
        .withClassLoader(new FilteredClassLoader("io.micrometer", "io.opentelemetry"))
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(HeaderSource.class));
    application
        .withPropertyValues("outbox.writer.trace-context=false")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(HeaderSource.class));
  }

  @Test
  void headerSourcesOfTheApplicationsAreAskedToo() {
    application
        .withUserConfiguration(TenantHeader.class)
        .run(
            context -> {
              append(context);

              assertThat(headers()).isEqualTo(Map.of("tenant", "acme"));
            });
  }

  @Configuration(proxyBeanMethods = false)
  static class TenantHeader {
    @Bean
    HeaderSource tenant() {
      return event -> Map.of("tenant", "acme");
    }
  }

  private static void append(ApplicationContext context) {
    OutboxWriter writer = context.getBean(OutboxWriter.class);
    context
        .getBean(TransactionTemplate.class)
        .executeWithoutResult(
            status -> writer.append(OutboxEvent.of("Order", "42", "Placed", "{}")));
  }

  private Map<String, String> headers() throws SQLException {
    try (Connection connection = database.begin()) {
      return AppendedEvents.inTable(connection, OutboxTable.DEFAULT).assertOnly().event().headers();
    }
  }
}
