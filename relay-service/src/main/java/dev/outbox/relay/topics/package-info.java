/** Reading what stands on the topics. */
@NullMarked
package dev.outbox.relay.topics;

import org.jspecify.annotations.NullMarked;
