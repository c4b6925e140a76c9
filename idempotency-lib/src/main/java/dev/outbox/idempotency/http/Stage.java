package dev.outbox.idempotency.http;

/** How far an endpoint that is live already has come on its way to idempotency keys. */
public enum Stage {
  /** Nothing changes for any client; keys are only watched, and metrics say what would happen. */
  OBSERVE,
  /** Requests with a key are protected, those without pass as before. */
  OPTIONAL,
  /** A request without a key is refused. */
  REQUIRED
}
