/** Events in flight and the contiguous acknowledged prefix, which alone may be confirmed. */
@NullMarked
package dev.outbox.relay.position;

import org.jspecify.annotations.NullMarked;
