package dev.outbox.idempotency.http;

import java.util.Optional;

/**
 * Within what a key means one intent. The same key under another tenant, principal or endpoint is
 * another intent, and its response is not found: so a stored response is readable by nobody who
 * merely guesses a key.
 *
 * @param tenant whose data; empty without tenants
 * @param principal who is authenticated; empty where an endpoint lets anybody in
 * @param endpoint the stable name of the endpoint; under a new name every key is new
 */
public record IdempotencyScope(
    Optional<String> tenant, Optional<String> principal, String endpoint) {

  public IdempotencyScope {
    if (endpoint.isBlank()) {
      throw new IllegalArgumentException("the endpoint of an idempotency scope is blank");
    }
  }

  /**
   * The name of the record. The key goes into it hashed, so that the table does not give away keys
   * to send.
   */
  RecordId recordOf(IdempotencyKey key) {
    return new RecordId(digest("record").add(key.origin().name()).add(key.value()).hex());
  }

  /** The name of a record that only observes; one that replays must never be found there. */
  RecordId observationOf(IdempotencyKey key) {
    return new RecordId(digest("observation").add(key.origin().name()).add(key.value()).hex());
  }

  private Digest digest(String purpose) {
    return new Digest(purpose)
        .add(presence(tenant))
        .add(tenant.orElse(""))
        .add(presence(principal))
        .add(principal.orElse(""))
        .add(endpoint);
  }

  /** Nobody is another one than somebody whose name is empty. */
  private static String presence(Optional<String> part) {
    return part.isPresent() ? "some" : "none";
  }
}
