/** Handing records to Kafka; nothing else imports the producer. */
@NullMarked
package dev.outbox.relay.publishing;

import org.jspecify.annotations.NullMarked;
