/** Tests of idempotency keys in a Spring MVC application. */
@NullMarked
package dev.outbox.idempotency.http.spring;

import org.jspecify.annotations.NullMarked;
