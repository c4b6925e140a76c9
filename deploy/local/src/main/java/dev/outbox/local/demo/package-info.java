/**
 * The demonstration: starts PostgreSQL, Kafka, the order service and the relay, places orders and
 * shows how each of their events goes from its row over the topic to its effect.
 *
 * <p>It knows the services by their jars alone, as somebody who deploys them does.
 */
@NullMarked
package dev.outbox.local.demo;

import org.jspecify.annotations.NullMarked;
