package dev.outbox.idempotency.inbox;

/**
 * What a consumer that deduplicates by position makes of what a {@code replay} of the relay
 * publishes once more: its position is beyond all before, so the mark cannot tell whether the event
 * was seen.
 */
public enum Replays {

  /** Apply it, also when it was applied before: somebody asked for it. The default. */
  APPLY,

  /** Pass it by, also when it was never applied. */
  SKIP
}
