/** The relay's settings: immutable, checked whole at start. */
@NullMarked
package dev.outbox.relay.config;

import org.jspecify.annotations.NullMarked;
