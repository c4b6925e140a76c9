/**
 * The relay inside Kafka Connect: its source, routing, parking and positions as they are, and
 * Connect's producer in the place of the relay's own.
 */
@NullMarked
package dev.outbox.connect;

import org.jspecify.annotations.NullMarked;
