package dev.outbox.demo.payments;

/** What the simulated provider does with a request. */
enum Behaviour {
  /** Charges and answers at once. */
  PROMPT,
  /** Charges at once and answers after a while, but in time. */
  SLOW,
  /** Fails at the first request of a key, before it has charged; works at the next. */
  FAILING,
  /** Charges, and answers the first request of a key when the caller has given up. */
  LATE,
  /** Charges, and reports later that the payment has failed. */
  DECLINING
}
