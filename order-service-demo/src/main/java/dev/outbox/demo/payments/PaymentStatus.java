package dev.outbox.demo.payments;

import java.util.Arrays;

/**
 * How far a payment is, in this order: of several callbacks the later status wins, whichever comes
 * first. The money being there goes before an earlier failure.
 */
enum PaymentStatus {
  NEW,
  REQUESTED,
  AUTHORIZED,
  FAILED,
  SETTLED;

  /** The statuses that this one may follow. */
  String[] earlier() {
    return Arrays.stream(values())
        .filter(status -> status.compareTo(this) < 0)
        .map(PaymentStatus::name)
        .toArray(String[]::new);
  }
}
