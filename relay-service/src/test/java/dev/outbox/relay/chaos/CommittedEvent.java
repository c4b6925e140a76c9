package dev.outbox.relay.chaos;

/**
 * An event that is in the outbox table.
 *
 * @param id the event's ID
 * @param key the aggregate
 * @param number its place among the committed events of its aggregate, counted from 1
 */
record CommittedEvent(String id, String key, long number) {}
