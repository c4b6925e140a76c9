package dev.outbox.idempotency.lock;

import java.util.OptionalLong;

/**
 * A lock that was taken. Whether it still is when its holder writes can never be known, so what the
 * holder writes is guarded by the database.
 */
public interface HeldLock extends AutoCloseable {

  /**
   * A number that grows with each holder of this lock, for a resource that can refuse an older
   * holder: {@code update … set fence = ? where id = ? and fence < ?}. Empty where a lock cannot be
   * lost before its work is committed, and so needs none.
   */
  OptionalLong fence();

  /**
   * Keep it for another lease, for work that takes longer.
   *
   * @return false when it is lost, or its server does not answer: stop if you can
   */
  boolean renew();

  /** Give it back, unless it has gone to somebody else. Never throws; a lease ends by itself. */
  void release();

  /** The same as {@link #release}. */
  @Override
  default void close() {
    release();
  }
}
