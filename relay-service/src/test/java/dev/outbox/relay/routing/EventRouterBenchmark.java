package dev.outbox.relay.routing;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Events of one transaction, as they follow each other. */
@State(Scope.Benchmark)
public class EventRouterBenchmark {

  private static final int PAYLOAD_BYTES = 500;

  private final EventRouter router =
      new EventRouter("outbox.event.{aggregatetype}", "orders", "outbox.position.orders");
  private final OutboxEvent plain = event(null);
  private final OutboxEvent withHeaders =
      event(
          "{\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\","
              + "\"tenant\":\"north\"}");

  private static OutboxEvent event(@Nullable String headers) {
    return new OutboxEvent(
        "0197a000-0000-7000-8000-000000000001",
        "Order",
        "order-4711",
        "OrderPlaced",
        new byte[PAYLOAD_BYTES],
        headers,
        Instant.parse("2026-01-02T03:04:05.000006Z"),
        new SourcePosition(2, 16, 3));
  }

  @Benchmark
  public Object plain() {
    return router.route(plain);
  }

  @Benchmark
  public Object withHeaders() {
    return router.route(withHeaders);
  }
}
