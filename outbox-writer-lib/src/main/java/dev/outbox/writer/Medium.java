package dev.outbox.writer;

/** What carries an event from the writer's transaction to the relay. */
public enum Medium {
  /**
   * A row of the outbox table. It stays until retention deletes it, so that it can be looked at,
   * replayed and recovered from, and an ID that is there already is noticed.
   */
  TABLE,

  /**
   * A logical message in the write-ahead log, and nothing else. There is nothing to clean up, and
   * nothing to recover from once the log is gone; an ID is not recognised again.
   */
  LOG
}
