package dev.outbox.demo.stock;

import java.util.List;
import java.util.UUID;

/** What the stock wants to know of an {@code OrderPlaced} event; the rest of it is ignored. */
record PlacedOrder(UUID orderId, List<Line> lines) {

  /** One product that leaves the stock. */
  record Line(UUID lineItemId, String productId, int quantity) {}
}
