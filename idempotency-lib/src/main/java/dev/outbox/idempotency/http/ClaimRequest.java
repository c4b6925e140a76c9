package dev.outbox.idempotency.http;

import java.time.Duration;

/**
 * What a store needs to know of a request under a key.
 *
 * @param id names the record
 * @param scope for people who look into the store; the id says it all already
 * @param fingerprint what the request says
 * @param window how long the record is kept, at least a millisecond
 */
public record ClaimRequest(
    RecordId id, IdempotencyScope scope, RequestFingerprint fingerprint, Duration window) {}
