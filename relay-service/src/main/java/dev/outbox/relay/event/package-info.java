/** What the stages of the relay share: the event and its position. */
@NullMarked
package dev.outbox.relay.event;

import org.jspecify.annotations.NullMarked;
