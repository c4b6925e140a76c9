package dev.outbox.idempotency.lock;

/** What to do when the lock's server is gone. */
public enum WhenUnavailable {

  /** Go on without the lock: work may be done twice, its effect is still there once. */
  PROCEED,

  /** Do nothing: for work that is worse to begin twice than not to do now. */
  REFUSE
}
