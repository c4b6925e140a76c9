package dev.outbox.idempotency.http;

/** How effect and record are kept together. */
public enum Mode {
  /** Claim, business rows, outbox rows and stored response commit in one transaction. */
  ATOMIC,
  /**
   * The claim is committed first, with a lease and a heartbeat, for work that calls third parties;
   * what is done is recorded step by step.
   */
  RESERVED
}
