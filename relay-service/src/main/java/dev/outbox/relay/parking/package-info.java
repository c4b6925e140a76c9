/** Events set aside in the source database, and the keys that they hold back. */
@NullMarked
package dev.outbox.relay.parking;

import org.jspecify.annotations.NullMarked;
