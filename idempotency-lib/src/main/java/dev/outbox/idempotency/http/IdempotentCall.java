package dev.outbox.idempotency.http;

/**
 * A request that was admitted under a key.
 *
 * @param endpoint where to
 * @param claim what the store needs to know
 */
public record IdempotentCall(Endpoint endpoint, ClaimRequest claim) {}
