package dev.outbox.idempotency.lock;

/** A lock that several processes share. Any number of threads may use one instance. */
public interface DistributedLock {

  /**
   * Try to take the lock, once; never waits for its holder.
   *
   * <p>Never throws because of the lock's server: that it is away is a result.
   *
   * @param name what is locked, at most 1024 bytes
   * @throws IllegalArgumentException when the name is blank, too long or not well-formed
   */
  LockResult tryAcquire(String name);
}
