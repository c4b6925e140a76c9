package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.Endpoint;
import dev.outbox.idempotency.http.IdempotencyListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;

/**
 * The one metric, {@value #REQUESTS}: a counter of requests to endpoints with keys, by {@code
 * endpoint}, {@code mode}, {@code stage} and {@code outcome} ({@link IdempotencyListener.Event} in
 * lower case). {@code docs/idempotent-http.md} tells how to read it on the way to required keys.
 */
record IdempotencyMetrics(MeterRegistry registry) implements IdempotencyListener {

  static final String REQUESTS = "outbox.idempotency.requests";

  @Override
  public void happened(Endpoint endpoint, Event event) {
    Counter.builder(REQUESTS)
        .description("Requests to endpoints with idempotency keys, and what became of them")
        .tag("endpoint", endpoint.name())
        .tag("mode", lower(endpoint.mode()))
        .tag("stage", lower(endpoint.stage()))
        .tag("outcome", lower(event))
        .register(registry)
        .increment();
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
