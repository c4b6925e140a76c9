package dev.outbox.idempotency.lock;

/**
 * What became of guarded work.
 *
 * @param <T> what the work gives
 */
public sealed interface Guarded<T> {

  /**
   * The work was done.
   *
   * @param result what it gave
   * @param locked whether under the lock; else its server was gone
   */
  record Done<T>(T result, boolean locked) implements Guarded<T> {}

  /** Not begun: the same work is under way. A duplicate, to be answered as one. */
  record Busy<T>() implements Guarded<T> {}

  /**
   * Not begun: the lock's server is gone, and {@link WhenUnavailable#REFUSE} is set.
   *
   * @param cause why it is gone
   */
  record Refused<T>(Throwable cause) implements Guarded<T> {}
}
