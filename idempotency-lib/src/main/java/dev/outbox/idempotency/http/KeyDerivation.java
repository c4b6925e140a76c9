package dev.outbox.idempotency.http;

import java.util.Optional;

/** Derives a key for requests that bring none, from what they say. Called by any thread. */
@FunctionalInterface
public interface KeyDerivation {

  /** Keys come from clients alone. */
  KeyDerivation NONE = request -> Optional.empty();

  /**
   * The key of this request, or empty when nothing in it identifies the intent.
   *
   * @see IdempotencyKey#derivedFrom
   */
  Optional<IdempotencyKey> derive(IncomingRequest request);
}
