/** One-time tokens in a Spring Boot application. */
@NullMarked
package dev.outbox.idempotency.token.spring;

import org.jspecify.annotations.NullMarked;
