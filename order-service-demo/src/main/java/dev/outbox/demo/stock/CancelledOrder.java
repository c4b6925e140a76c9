package dev.outbox.demo.stock;

import java.util.UUID;

/** What the stock wants to know of an {@code OrderCancelled} event. */
record CancelledOrder(UUID orderId) {}
