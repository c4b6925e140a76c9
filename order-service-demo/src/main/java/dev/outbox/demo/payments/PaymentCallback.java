package dev.outbox.demo.payments;

import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.util.UUID;

/**
 * What the provider tells.
 *
 * @param paymentId its own number of the payment
 * @param amount in minor units of the order's currency
 */
record PaymentCallback(
    @NotNull @Pattern(
            regexp = "[A-Za-z0-9][A-Za-z0-9._:-]{0,99}",
            message =
                "must begin with a letter or digit and have at most 100 letters, digits and . _ : -")
        String paymentId,
    @NotNull Reported status,
    @NotNull Long amount) {

  /** What a callback may report. */
  enum Reported {
    AUTHORIZED(PaymentStatus.AUTHORIZED, "PaymentAuthorized"),
    FAILED(PaymentStatus.FAILED, "PaymentFailed"),
    SETTLED(PaymentStatus.SETTLED, "PaymentSettled");

    private final PaymentStatus status;
    private final String event;

    Reported(PaymentStatus status, String event) {
      this.status = status;
      this.event = event;
    }

    PaymentStatus status() {
      return status;
    }

    /** The event's type and the timeline's word for it. */
    String event() {
      return event;
    }
  }

  /** The answer: what was understood, so that a repeat gets the same however late it comes. */
  record Taken(UUID orderId, String paymentId, Reported status, long amount) {}

  Taken takenFor(UUID orderId) {
    return new Taken(orderId, paymentId, status, amount);
  }
}
