package dev.outbox.relay.source;

/** What the engine calls, on the engine thread. */
public interface SourceHandler {

  /**
   * Takes what the engine has read, in commit order. Also called several times a second while there
   * is nothing to read, so that acknowledgements that arrive late are confirmed and a stop is
   * heard.
   *
   * @param batch never empty: when nothing was read, a {@link SourceItem.Progress} says so; to be
   *     walked once, items may be decoded on the way. When one cannot be, its iterator throws why,
   *     which is to be thrown on when what stands before it has been dealt with, or each run would
   *     repeat that
   * @param more whether more than likely comes at once; if it does not, the next call says so
   * @param confirmation to confirm positions with during this call
   * @return whether the engine shall go on; with {@code false} the run ends, and only what has been
   *     confirmed counts as read
   */
  boolean handle(Iterable<SourceItem> batch, boolean more, Confirmation confirmation)
      throws InterruptedException;

  /** Tells PostgreSQL how far the log has been dealt with. */
  interface Confirmation {

    /**
     * Confirms everything up to an LSN, which the server may then forget. Only on the engine
     * thread, within {@link SourceHandler#handle}.
     *
     * @param lsn the {@link SourceItem#transaction()} of an item that is settled together with all
     *     items before it
     */
    void confirm(long lsn) throws InterruptedException;
  }
}
