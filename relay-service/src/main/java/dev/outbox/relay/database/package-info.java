/** Ordinary SQL to the database that holds the outbox. */
@NullMarked
package dev.outbox.relay.database;

import org.jspecify.annotations.NullMarked;
