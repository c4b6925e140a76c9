/** The engine that reads PostgreSQL's replication stream itself, without anything in between. */
@NullMarked
package dev.outbox.relay.source.pgoutput;

import org.jspecify.annotations.NullMarked;
