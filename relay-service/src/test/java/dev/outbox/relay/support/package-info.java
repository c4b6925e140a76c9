/** What the relay's tests share: databases with an outbox, readers of topics, settings. */
@NullMarked
package dev.outbox.relay.support;

import org.jspecify.annotations.NullMarked;
