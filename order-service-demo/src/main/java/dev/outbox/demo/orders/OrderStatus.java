package dev.outbox.demo.orders;

/** How far an order is. */
public enum OrderStatus {
  PLACED,
  PAID,
  PAYMENT_FAILED,
  DISPATCHED,
  RECEIVED,
  CANCELLED
}
