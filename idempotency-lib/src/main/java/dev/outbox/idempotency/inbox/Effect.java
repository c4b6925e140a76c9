package dev.outbox.idempotency.inbox;

/**
 * What an event does to the consumer's database.
 *
 * @param <E> what it may throw, so that a caller need not wrap its own exceptions
 */
@FunctionalInterface
public interface Effect<E extends Exception> {

  /** Apply the effect over the connection that the marker was written with. */
  void apply() throws E;
}
