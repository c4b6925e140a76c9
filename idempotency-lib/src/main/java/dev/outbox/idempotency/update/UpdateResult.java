package dev.outbox.idempotency.update;

/**
 * What became of a guarded update.
 *
 * @param <S> the state of a row, as the caller reads it
 */
public sealed interface UpdateResult<S> {

  /**
   * The condition held, and the row is changed.
   *
   * @param state of the row now
   */
  record Updated<S>(S state) implements UpdateResult<S> {}

  /**
   * The row is there and the condition did not hold; nothing is changed. The state tells a repeat
   * (the row is already what it should become) from a real conflict.
   *
   * @param current state of the row, read after the condition failed
   */
  record Conflict<S>(S current) implements UpdateResult<S> {}

  /** There is no such row. */
  record Missing<S>() implements UpdateResult<S> {}
}
