/** The engine that reads the write-ahead log with embedded Debezium; nothing else imports it. */
@NullMarked
package dev.outbox.relay.source.debezium;

import org.jspecify.annotations.NullMarked;
