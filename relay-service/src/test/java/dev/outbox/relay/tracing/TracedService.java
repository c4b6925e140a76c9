package dev.outbox.relay.tracing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.tracing.OpenTelemetryTraceContext;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** A service over real HTTP: a request is an order, which is an event. */
final class TracedService implements AutoCloseable {

  private static final TextMapGetter<HttpExchange> HEADERS =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(HttpExchange exchange) {
          return exchange.getRequestHeaders().keySet();
        }

        @Override
        public @Nullable String get(@Nullable HttpExchange exchange, String name) {
          return exchange == null ? null : exchange.getRequestHeaders().getFirst(name);
        }
      };

  private final OutboxDatabase database;
  private final OpenTelemetry openTelemetry;
  private final JdbcOutbox outbox =
      JdbcOutbox.withTable("outbox_event").withHeadersFrom(new OpenTelemetryTraceContext());
  private final HttpServer server;

  TracedService(OutboxDatabase database, OpenTelemetry openTelemetry) throws IOException {
    this.database = database;
    this.openTelemetry = openTelemetry;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/orders", this::handle);
    server.start();
  }

  URI orders() {
    return URI.create("http://localhost:" + server.getAddress().getPort() + "/orders");
  }

  /** As the instrumentation of an HTTP server does. */
  private void handle(HttpExchange exchange) throws IOException {
    Context caller =
        openTelemetry
            .getPropagators()
            .getTextMapPropagator()
            .extract(Context.root(), exchange, HEADERS);
    Span span =
        openTelemetry
            .getTracer("service")
            .spanBuilder("POST /orders")
            .setSpanKind(SpanKind.SERVER)
            .setParent(caller)
            .startSpan();
    try (Scope scope = span.makeCurrent()) {
      place();
      exchange.sendResponseHeaders(201, -1);
    } catch (SQLException e) {
      throw new IOException(e);
    } finally {
      span.end();
      exchange.close();
    }
  }

  private void place() throws SQLException {
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      outbox.writer(connection).append(OutboxEvent.of("Order", "42", "OrderPlaced", "{}"));
      connection.commit();
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
