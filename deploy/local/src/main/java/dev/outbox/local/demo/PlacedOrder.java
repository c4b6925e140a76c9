package dev.outbox.local.demo;

import java.time.Instant;

/**
 * An order that the service has accepted.
 *
 * @param askedAt when the request was sent
 */
record PlacedOrder(String id, Instant askedAt) {}
