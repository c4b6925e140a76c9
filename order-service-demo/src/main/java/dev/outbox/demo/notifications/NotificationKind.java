package dev.outbox.demo.notifications;

import java.util.Arrays;
import java.util.Optional;

/** What customers are told, and the event that leads to it. */
enum NotificationKind {
  ORDER_PLACED("order-placed", "OrderPlaced"),
  PAYMENT_SETTLED("payment-settled", "PaymentSettled"),
  PAYMENT_FAILED("payment-failed", "PaymentFailed"),
  ORDER_DISPATCHED("order-dispatched", "OrderDispatched"),
  ORDER_RECEIVED("order-received", "OrderReceived"),
  ORDER_CANCELLED("order-cancelled", "OrderCancelled");

  private final String type;
  private final String event;

  NotificationKind(String type, String event) {
    this.type = type;
    this.event = event;
  }

  /** The type of its jobs. */
  String type() {
    return type;
  }

  static Optional<NotificationKind> of(String event) {
    return Arrays.stream(values()).filter(kind -> kind.event.equals(event)).findFirst();
  }
}
