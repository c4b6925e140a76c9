package dev.outbox.demo.orders;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * The event, as other services read it. Apart from {@link Order}, so that the order may change
 * without the contract.
 */
record OrderPlaced(UUID orderId, String userId, Instant placedAt, List<Line> lines) {

  static final String TYPE = "OrderPlaced";
  static final String AGGREGATE_TYPE = "Order";

  static OrderPlaced of(Order order) {
    return new OrderPlaced(
        order.id(),
        order.userId(),
        order.placedAt(),
        order.lines().stream()
            .map(line -> new Line(line.lineItemId(), line.productId(), line.quantity()))
            .toList());
  }

  record Line(UUID lineItemId, String productId, int quantity) {}
}
