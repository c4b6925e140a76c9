/** Where events come from: the port behind which the engines stand. */
@NullMarked
package dev.outbox.relay.source;

import org.jspecify.annotations.NullMarked;
