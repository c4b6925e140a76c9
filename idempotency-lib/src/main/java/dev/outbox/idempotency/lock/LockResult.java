package dev.outbox.idempotency.lock;

/** What became of the attempt to take a lock. */
public sealed interface LockResult {

  /**
   * Taken.
   *
   * @param lock to be released
   */
  record Acquired(HeldLock lock) implements LockResult {}

  /** Somebody else has it. */
  record Busy() implements LockResult {}

  /**
   * The lock's server is gone, does not answer in time, or refuses.
   *
   * @param cause why
   */
  record Unavailable(Throwable cause) implements LockResult {}
}
