/** Durable jobs in a Spring Boot application. */
@NullMarked
package dev.outbox.idempotency.jobs.spring;

import org.jspecify.annotations.NullMarked;
