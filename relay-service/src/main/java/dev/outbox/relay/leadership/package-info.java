/** One active instance: who leads, how the others wait, and how a leader notices its end. */
@NullMarked
package dev.outbox.relay.leadership;

import org.jspecify.annotations.NullMarked;
