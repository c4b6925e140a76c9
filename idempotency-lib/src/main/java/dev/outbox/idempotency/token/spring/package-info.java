/** One-time tokens in a Spring Boot application: spent in Spring-managed transactions. */
@NullMarked
package dev.outbox.idempotency.token.spring;

import org.jspecify.annotations.NullMarked;
