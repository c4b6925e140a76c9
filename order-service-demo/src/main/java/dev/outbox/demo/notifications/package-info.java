/**
 * Tells customers what happens to their orders, each thing once: the consumer makes a durable job
 * of it, keyed (user, notification type, order), and a worker sends it.
 */
@NullMarked
package dev.outbox.demo.notifications;

import org.jspecify.annotations.NullMarked;
