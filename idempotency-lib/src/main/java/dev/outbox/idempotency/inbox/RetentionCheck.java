package dev.outbox.idempotency.inbox;

/** What a runner does at its start when markers would expire before the topic's records. */
public enum RetentionCheck {

  /** It does not start. The default. */
  REFUSE,

  /**
   * It starts with a warning: for teams that never set offsets back, so that only the records since
   * the last commit can come again.
   */
  WARN
}
