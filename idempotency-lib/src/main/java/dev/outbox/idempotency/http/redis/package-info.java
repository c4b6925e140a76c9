/**
 * Records of idempotency keys in Redis, for reserved mode. They can be lost, so a unique index of
 * the business table decides in the end.
 */
@NullMarked
package dev.outbox.idempotency.http.redis;

import org.jspecify.annotations.NullMarked;
