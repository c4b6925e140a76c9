package dev.outbox.demo.orders;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** An order as it was placed. */
record Order(UUID id, String userId, Instant placedAt, List<Line> lines) {

  Order {
    lines = List.copyOf(lines);
  }

  /**
   * One product of an order.
   *
   * @param lineItemId tells the lines of an order apart, also for consumers
   */
  record Line(UUID lineItemId, String productId, int quantity) {}
}
