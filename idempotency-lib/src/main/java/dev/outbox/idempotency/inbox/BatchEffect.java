package dev.outbox.idempotency.inbox;

/**
 * What the new events of a batch do to the consumer's database.
 *
 * @param <E> what it may throw, so that a caller need not wrap its own exceptions
 */
@FunctionalInterface
public interface BatchEffect<E extends Exception> {

  /**
   * Apply the effect of one new event over the connection that the markers were written with.
   *
   * @param index where the event stands in the batch
   */
  void apply(int index) throws E;
}
