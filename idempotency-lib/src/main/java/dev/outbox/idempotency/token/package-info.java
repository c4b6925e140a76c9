/**
 * Anti-repeat tokens: the server issues one with a page or a form, and takes it back once.
 *
 * <p>{@link dev.outbox.idempotency.token.OneTimeTokens} issues and spends them. A token is spent in
 * the transaction of what it permits, so that a rollback gives it back.
 */
@NullMarked
package dev.outbox.idempotency.token;

import org.jspecify.annotations.NullMarked;
