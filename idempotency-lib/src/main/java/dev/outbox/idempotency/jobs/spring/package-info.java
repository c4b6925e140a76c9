/** Durable jobs in a Spring Boot application: written in Spring-managed transactions. */
@NullMarked
package dev.outbox.idempotency.jobs.spring;

import org.jspecify.annotations.NullMarked;
