/**
 * The demonstration: starts PostgreSQL, Kafka, the order service and the relay, places orders and
 * shows how each of their events goes from its row over the topic to its effect. Meanwhile a server
 * for control does harm to all of it on request: {@code GET /state}, and {@code POST /kill-relay},
 * {@code /stop-broker}, {@code /restart-database}, {@code /retry-storm}, {@code /replay}, with the
 * token that the terminal shows and the order service has in its environment.
 *
 * <p>It knows the services by their jars alone, as somebody who deploys them does.
 */
@NullMarked
package dev.outbox.local.demo;

import org.jspecify.annotations.NullMarked;
