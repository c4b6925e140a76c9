@NullMarked
package dev.outbox.idempotency.inbox.spring.kafka;

import org.jspecify.annotations.NullMarked;
