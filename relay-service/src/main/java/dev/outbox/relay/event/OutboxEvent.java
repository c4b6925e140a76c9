package dev.outbox.relay.event;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One event as the write-ahead log carries it: a row of the outbox table, or a logical message.
 *
 * @param id the event ID as text
 * @param aggregateType names the topic
 * @param aggregateId the record's key
 * @param type what happened
 * @param payload the record's value, passed through untouched; null is a tombstone. Not copied:
 *     whoever holds the event must not change it
 * @param headers the event's own headers, a JSON object of strings, not yet parsed
 * @param committedAt when the transaction committed
 * @param position where the event stands in the source
 */
@SuppressWarnings("ArrayRecordComponent") // events are never compared; copying payloads costs
public record OutboxEvent(
    String id,
    String aggregateType,
    String aggregateId,
    String type,
    byte @Nullable [] payload,
    @Nullable String headers,
    Instant committedAt,
    SourcePosition position) {

  /** The event's names for messages and logs; never its payload. */
  public String describe() {
    return "event %s (%s of aggregate %s %s)"
        .formatted(
            id, TextForm.shown(type), TextForm.shown(aggregateType), TextForm.shown(aggregateId));
  }

  @Override
  public String toString() {
    return describe();
  }
}
