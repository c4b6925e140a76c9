/**
 * Recognise a repeated event on the consuming side and let it take effect once.
 *
 * <p>A marker row for (consumer, source, event id) is written in the same transaction as the
 * effect: either both are there or neither is, so a redelivery finds the marker and does nothing.
 * {@link dev.outbox.idempotency.inbox.Inbox} is that rule for any framework's consumer, {@link
 * dev.outbox.idempotency.inbox.InboxRunner} a whole consumer built on it with plain kafka-clients.
 */
@NullMarked
package dev.outbox.idempotency.inbox;

import org.jspecify.annotations.NullMarked;
