/** What {@code docs/migrating.md} tells people to do, done while services write. */
@NullMarked
package dev.outbox.relay.migration;

import org.jspecify.annotations.NullMarked;
