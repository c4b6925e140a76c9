package dev.outbox.relay.topics;

import org.jspecify.annotations.Nullable;

/**
 * A record of an outbox topic without its value.
 *
 * @param topic where it stands
 * @param partition where it stands
 * @param offset where it stands
 * @param key the record's key, empty when it has none. Not copied
 * @param id header {@code id}, the event ID as text; null when it is missing
 * @param position header {@code outbox-position}; null when it is missing
 * @param replay header {@code outbox-replay}; null unless an operator's command published it
 */
@SuppressWarnings("ArrayRecordComponent") // records are never compared
public record TopicRecord(
    String topic,
    int partition,
    long offset,
    byte[] key,
    @Nullable String id,
    @Nullable String position,
    @Nullable String replay) {

  /** The place for messages, {@code topic-partition@offset}. */
  public String place() {
    return topic + "-" + partition + "@" + offset;
  }
}
