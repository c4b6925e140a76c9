package dev.outbox.relay.source;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import org.jspecify.annotations.Nullable;

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
   * Something that should be an event and is none, as far as it could be read.
   *
   * @param position where it stands
   * @param subject names it
   * @param reason what is wrong with it
   * @param id the event ID
   * @param aggregateType the key's aggregate type
   * @param aggregateId the key's aggregate ID
   * @param type what happened
   * @param payload the record's value, or the whole content of what could not be taken apart
   * @param headers the event's own headers
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared; copying payloads costs
  record Undecodable(
      SourcePosition position,
      String subject,
      String reason,
      @Nullable String id,
      @Nullable String aggregateType,
      @Nullable String aggregateId,
      @Nullable String type,
      byte @Nullable [] payload,
      @Nullable String headers)
      implements SourceItem {
    @Override
    public long transaction() {
      return position.transaction();
    }
  }
}
