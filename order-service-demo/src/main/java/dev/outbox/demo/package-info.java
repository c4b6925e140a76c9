/**
 * An order service that publishes through the outbox, and a stock ledger that consumes through the
 * inbox. Both live in one process to keep the demonstration small; all they share is the topic.
 */
@NullMarked
package dev.outbox.demo;

import org.jspecify.annotations.NullMarked;
