package dev.outbox.relay.parking;

/**
 * What order is kept for: the events of one key on one topic.
 *
 * @param topic where they go
 * @param aggregateId the records' key
 */
public record Key(String topic, String aggregateId) {}
