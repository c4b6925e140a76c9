/**
 * The inbox behind Spring's {@code @KafkaListener}. The only package that knows Spring Kafka, an
 * optional dependency.
 */
@NullMarked
package dev.outbox.idempotency.inbox.spring.kafka;

import org.jspecify.annotations.NullMarked;
