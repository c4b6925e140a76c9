/**
 * Runs servers, two relays, writers and a consumer as a service would, breaks them in a seeded
 * random way, and compares what was committed with what arrived.
 */
@NullMarked
package dev.outbox.relay.chaos;

import org.jspecify.annotations.NullMarked;
