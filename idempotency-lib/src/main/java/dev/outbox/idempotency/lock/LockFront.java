package dev.outbox.idempotency.lock;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spares work that is under way already. The work's effect is guarded by a unique index or a
 * guarded update; this front keeps duplicates from getting that far.
 *
 * <p>Any number of threads may use one instance.
 */
public final class LockFront {

  private static final Logger log = LoggerFactory.getLogger(LockFront.class);

  static final WhenUnavailable DEFAULT_WHEN_UNAVAILABLE = WhenUnavailable.PROCEED;
  static final Duration DEFAULT_REST = Duration.ofSeconds(1);

  private final DistributedLock lock;
  private final WhenUnavailable whenUnavailable;
  private final Duration rest;
  private final AtomicReference<@Nullable Outage> outage = new AtomicReference<>();

  private LockFront(DistributedLock lock, WhenUnavailable whenUnavailable, Duration rest) {
    this.lock = lock;
    this.whenUnavailable = whenUnavailable;
    this.rest = rest;
  }

  /** A front that goes on without the lock when its server is gone. */
  public static LockFront of(DistributedLock lock) {
    return new LockFront(lock, DEFAULT_WHEN_UNAVAILABLE, DEFAULT_REST);
  }

  /** The same with this choice; {@link WhenUnavailable#PROCEED} unless given. */
  public LockFront whenUnavailable(WhenUnavailable choice) {
    return new LockFront(lock, choice, rest);
  }

  /**
   * The same with this rest: how long a server that was found gone is not asked again, so that not
   * every request waits for its timeout; one second unless given, zero asks each time.
   */
  public LockFront restAfterFailure(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("restAfterFailure(%s): zero or more".formatted(duration));
    }
    return new LockFront(lock, whenUnavailable, duration);
  }

  /**
   * Do the work unless the same is under way.
   *
   * @param name what makes work the same, such as the idempotency key or the order number
   * @throws E what the work throws; the lock is released
   */
  public <T, E extends Exception> Guarded<T> run(String name, LockedWork<T, E> work) throws E {
    LockResult result = ask(name);
    if (result instanceof LockResult.Acquired acquired) {
      try (HeldLock held = acquired.lock()) {
        return new Guarded.Done<>(work.run(Optional.of(held)), true);
      }
    }
    if (result instanceof LockResult.Unavailable gone) {
      return whenUnavailable == WhenUnavailable.PROCEED
          ? new Guarded.Done<>(work.run(Optional.empty()), false)
          : new Guarded.Refused<>(gone.cause());
    }
    return new Guarded.Busy<>();
  }

  private LockResult ask(String name) {
    Outage known = outage.get();
    if (known != null && !known.isOver()) {
      return known.result();
    }
    LockResult result = lock.tryAcquire(name);
    if (result instanceof LockResult.Unavailable gone) {
      begin(gone, known == null);
    } else if (known != null && outage.compareAndSet(known, null)) {
      log.info("The lock's server answers again");
    }
    return result;
  }

  private void begin(LockResult.Unavailable gone, boolean isNew) {
    outage.set(new Outage(gone, System.nanoTime() + rest.toNanos()));
    if (isNew) {
      log.atWarn()
          .addKeyValue("whenUnavailable", whenUnavailable)
          .addKeyValue("error", gone.cause().toString())
          .log("The lock's server is gone; effects stay guarded by the database");
    }
  }

  private record Outage(LockResult.Unavailable result, long until) {

    boolean isOver() {
      return System.nanoTime() - until >= 0;
    }
  }
}
