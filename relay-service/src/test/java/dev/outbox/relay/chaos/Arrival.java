package dev.outbox.relay.chaos;

/**
 * A record on a topic.
 *
 * @param partition topic and partition, and the shard where there are several: within it positions
 *     grow
 * @param key the aggregate
 * @param id the event's ID
 * @param number the event's place among the committed events of its aggregate, counted from 1
 * @param position header {@code outbox-position}
 * @param seenMillis when it was read, in milliseconds since 1970
 */
record Arrival(
    String partition, String key, String id, long number, String position, long seenMillis) {}
