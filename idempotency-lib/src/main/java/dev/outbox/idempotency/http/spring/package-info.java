/**
 * Idempotency keys in a Spring MVC application: methods marked {@link
 * dev.outbox.idempotency.http.spring.Idempotent}, a filter that owns their transaction and replays
 * byte for byte, settings {@code outbox.idempotency.*}.
 */
@NullMarked
package dev.outbox.idempotency.http.spring;

import org.jspecify.annotations.NullMarked;
