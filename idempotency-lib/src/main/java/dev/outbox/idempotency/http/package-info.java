/**
 * Recognise a repeated HTTP request by its {@code Idempotency-Key} and give it the first one's
 * answer. Knows no framework: a framework describes the request ({@link
 * dev.outbox.idempotency.http.IncomingRequest}), calls {@link
 * dev.outbox.idempotency.http.Idempotency} and writes out its {@link
 * dev.outbox.idempotency.http.Outcome}.
 *
 * <p>The rules follow draft-ietf-httpapi-idempotency-key-header-07 and RFC 9457.
 */
@NullMarked
package dev.outbox.idempotency.http;

import org.jspecify.annotations.NullMarked;
