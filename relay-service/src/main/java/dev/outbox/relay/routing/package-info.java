/** From an event to a Kafka record: topic, key, headers. */
@NullMarked
package dev.outbox.relay.routing;

import org.jspecify.annotations.NullMarked;
