/** The relay's command line. */
@NullMarked
package dev.outbox.relay.command;

import org.jspecify.annotations.NullMarked;
