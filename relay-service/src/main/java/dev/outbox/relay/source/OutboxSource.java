package dev.outbox.relay.source;

/**
 * An engine: reads the outbox from the write-ahead log in commit order. One instance serves one
 * run; after a failure a new one is made, which begins at the slot's confirmed position.
 */
public interface OutboxSource extends AutoCloseable {

  /**
   * Streams until the handler ends it, {@link #close} is called, or something fails. Blocks the
   * calling thread; the handler is called on a thread of the engine's choosing, always the same
   * one.
   *
   * @throws dev.outbox.relay.failure.RelayException when the log cannot be read
   * @throws RuntimeException whatever the handler threw, unchanged; unless the source was closed,
   *     which interrupts the handler
   */
  void run(SourceHandler handler);

  /**
   * Ends a run that does not end by itself, from any thread, in any state, any number of times;
   * waits for its end, but not for ever. Batches not yet confirmed are read again by the next run.
   */
  @Override
  void close();
}
