package dev.outbox.relay.failure;

/** Where on an event's way something failed. */
public enum Stage {
  /** Before the first event: settings, surroundings, slot and publication. */
  PREFLIGHT,
  /** Reading and decoding the write-ahead log. */
  SOURCE,
  /** Turning an event into a Kafka record. */
  ROUTING,
  /** Handing a record to Kafka and waiting for its acknowledgement. */
  PUBLISHING,
  /** Setting an event aside in the source database, or letting it go again. */
  PARKING,
  /** Looking after the outbox: retention, replay, recovery, audit. */
  OPERATIONS
}
