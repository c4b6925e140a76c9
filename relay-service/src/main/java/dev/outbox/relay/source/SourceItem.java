package dev.outbox.relay.source;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;

/** What an engine read from the write-ahead log. */
public sealed interface SourceItem {

  /**
   * LSN that may be confirmed once this item and all before it are settled: every transaction that
   * committed at or before it has been delivered whole.
   */
  long transaction();

  /** An event to publish. */
  record Decoded(OutboxEvent event) implements SourceItem {
    @Override
    public long transaction() {
      return event.position().transaction();
    }
  }

  /**
   * An operator's command to this relay.
   *
   * @param position where it stands; what it has published gets positions of its own right behind
   *     it
   * @param content the command's text
   */
  record Control(SourcePosition position, String content) implements SourceItem {
    @Override
    public long transaction() {
      return position.transaction();
    }
  }

  /** Something that carries no event, such as a heartbeat: counted, and passed by. */
  record Ignored(long transaction) implements SourceItem {}

  /** Nothing new, except that the log has been delivered this far. */
  record Progress(long transaction) implements SourceItem {}

  /**
   * A row or message that is no event.
   *
   * @param subject names it as far as it could be read
   * @param reason what is wrong with it
   */
  record Undecodable(long transaction, String subject, String reason) implements SourceItem {}
}
