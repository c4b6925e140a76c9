package dev.outbox.idempotency.token;

import java.time.Instant;

/**
 * What became of a token that was presented. Only {@link Accepted} permits to go on.
 *
 * <p>How it ended is told only to the subject it was issued to; that one knows the token anyway. To
 * everybody else {@link OtherScope} says nothing about it, and towards a client it should look like
 * {@link Unknown}.
 */
public sealed interface TokenResult {

  /** Spent now, in the caller's transaction. */
  record Accepted() implements TokenResult {}

  /** Spent before: a repeat. */
  record AlreadySpent() implements TokenResult {}

  /**
   * Never spent, and too old now.
   *
   * @param since when it expired
   */
  record Expired(Instant since) implements TokenResult {}

  /** No such token: made up, or expired so long ago that it is deleted. */
  record Unknown() implements TokenResult {}

  /** Issued to another subject, or for another purpose. Unchanged, and its owner may spend it. */
  record OtherScope() implements TokenResult {}

  /** Whether the caller may go on. */
  default boolean accepted() {
    return this instanceof Accepted;
  }
}
