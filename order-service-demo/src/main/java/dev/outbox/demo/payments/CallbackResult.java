package dev.outbox.demo.payments;

import dev.outbox.demo.money.Money;

/** What became of a callback. */
sealed interface CallbackResult {

  /** Known now, or known before, or overtaken by a later one: the sender need not care which. */
  record Taken() implements CallbackResult {}

  /** There is no such order. */
  record UnknownOrder() implements CallbackResult {}

  /**
   * It is not what the order costs.
   *
   * @param total what it costs
   */
  record WrongAmount(Money total) implements CallbackResult {}

  /**
   * The order has another payment.
   *
   * @param paymentId of that one
   */
  record OtherPayment(String paymentId) implements CallbackResult {}
}
