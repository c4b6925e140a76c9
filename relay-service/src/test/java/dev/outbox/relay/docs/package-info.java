/** What documents show is what tests run. */
@NullMarked
package dev.outbox.relay.docs;

import org.jspecify.annotations.NullMarked;
