/**
 * The replication slot and its surroundings: made, checked before each start, watched while
 * running.
 */
@NullMarked
package dev.outbox.relay.slot;

import org.jspecify.annotations.NullMarked;
