/** What stands between the relay's log and who reads it. */
@NullMarked
package dev.outbox.relay.log;

import org.jspecify.annotations.NullMarked;
