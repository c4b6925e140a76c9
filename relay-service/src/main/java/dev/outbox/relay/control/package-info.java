/** Operators' commands that travel through the write-ahead log, and so have a position. */
@NullMarked
package dev.outbox.relay.control;

import org.jspecify.annotations.NullMarked;
