/** Tests of the inbox in a Spring Boot application. */
@NullMarked
package dev.outbox.idempotency.inbox.spring;

import org.jspecify.annotations.NullMarked;
