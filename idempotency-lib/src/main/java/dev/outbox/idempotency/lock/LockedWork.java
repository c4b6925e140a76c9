package dev.outbox.idempotency.lock;

import java.util.Optional;

/**
 * Work behind a lock.
 *
 * @param <T> what it gives
 * @param <E> what it may throw
 */
@FunctionalInterface
public interface LockedWork<T, E extends Exception> {

  /**
   * Do it. The effect must be guarded by the database, because a lock does not guard it.
   *
   * @param lock to renew it or take its fence; empty when the lock's server is gone. Released by
   *     the caller
   */
  T run(Optional<HeldLock> lock) throws E;
}
