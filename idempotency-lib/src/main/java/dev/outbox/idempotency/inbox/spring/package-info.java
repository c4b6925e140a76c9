/**
 * The inbox in a Spring Boot application: markers in Spring-managed transactions, the table made or
 * checked at start. Only this package and those below it know Spring.
 */
@NullMarked
package dev.outbox.idempotency.inbox.spring;

import org.jspecify.annotations.NullMarked;
