package dev.outbox.relay.control;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonSubTypes.Type;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/**
 * A command to the relay. It travels as a logical message of the source database, so it is ordered,
 * durable and repeatable like an event: carrying it out again after a crash does the same again.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "command")
@JsonSubTypes({
  @Type(value = ControlMessage.Release.class, name = "release"),
  @Type(value = ControlMessage.Discard.class, name = "discard"),
})
public sealed interface ControlMessage {

  /**
   * Publishes a key's parked events in order and then lets the key flow.
   *
   * @param aggregateType the key's aggregate type
   * @param aggregateId the aggregate's ID
   */
  record Release(String aggregateType, String aggregateId) implements ControlMessage {}

  /**
   * Gives a parked event up.
   *
   * @param position where the event stood in the log, {@code outbox-position} as text
   * @param reason why, in the operator's words
   */
  record Discard(String position, String reason) implements ControlMessage {}
}
