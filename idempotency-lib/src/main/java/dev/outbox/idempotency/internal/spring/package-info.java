/** What the Spring side of several parts shares and nobody else calls. */
@NullMarked
package dev.outbox.idempotency.internal.spring;

import org.jspecify.annotations.NullMarked;
