package dev.outbox.relay.leadership;

import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.failure.DatabaseFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.slot.RunFence;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * What a run knows of its own leadership. The replication slot admits one reader, but an instance
 * that was stopped or cut off for a while may still hold events that it read before, and does not
 * know that its successor publishes them too. So leadership is believed only for some seconds after
 * the database has confirmed that no other run has begun since.
 *
 * <p>{@link #renew} belongs to a thread that watches, {@link #require} to the one that publishes;
 * the rest may be called by any thread.
 */
public final class Lease implements LeadershipCheck {

  /** How often leadership is to be confirmed, so that {@link #require} need not wait for it. */
  public static final Duration RENEW_EVERY = Duration.ofSeconds(2);

  /** Well below the time after which the server gives the slot of a silent leader away. */
  static final Duration VALID_FOR = Duration.ofSeconds(5);

  private final DatabaseSession database;
  private final RunFence fence;
  private final LongSupplier nanoTime;
  private final LongSupplier wallMillis;
  private volatile long confirmedNanos;
  private volatile long confirmedMillis;
  private volatile long answeredNanos;

  /** To be made right before the run is begun in the database, and used once it has. */
  public Lease(DatabaseSession database, RunFence fence) {
    this(database, fence, System::nanoTime, System::currentTimeMillis);
  }

  Lease(DatabaseSession database, RunFence fence, LongSupplier nanoTime, LongSupplier wallMillis) {
    this.database = database;
    this.fence = fence;
    this.nanoTime = nanoTime;
    this.wallMillis = wallMillis;
    this.confirmedNanos = nanoTime.getAsLong();
    this.confirmedMillis = wallMillis.getAsLong();
    this.answeredNanos = confirmedNanos;
  }

  @Override
  public void require() {
    if (!isFresh()) {
      renew();
    }
  }

  /** By both clocks: the one stands still while a machine sleeps, the other may be set back. */
  private boolean isFresh() {
    return nanoTime.getAsLong() - confirmedNanos < VALID_FOR.toNanos()
        && Math.abs(wallMillis.getAsLong() - confirmedMillis) < VALID_FOR.toMillis();
  }

  /**
   * Asks the database.
   *
   * @throws ReplacedException when another instance has begun a run
   * @throws RelayException when the database cannot be asked
   */
  public void renew() {
    if (!isNewest()) {
      throw new ReplacedException("Another instance of this relay has taken over.");
    }
  }

  private boolean isNewest() {
    // Taken before asking: the answer may be on its way for long.
    long nanos = nanoTime.getAsLong();
    long millis = wallMillis.getAsLong();
    try {
      boolean newest = database.call(fence::isNewest);
      answeredNanos = nanoTime.getAsLong();
      if (newest) {
        confirmedNanos = nanos;
        confirmedMillis = millis;
      }
      return newest;
    } catch (RelayException e) {
      if (!DatabaseFailures.isUnreachable(e)) {
        answeredNanos = nanoTime.getAsLong();
      }
      throw e;
    }
  }

  /** How long the database has not given an answer of any kind. */
  public Duration silence() {
    return Duration.ofNanos(nanoTime.getAsLong() - answeredNanos);
  }

  /**
   * Whether another instance has taken over for certain; a database that is silent is not asked.
   */
  public boolean isLost() {
    try {
      return silence().compareTo(VALID_FOR) < 0 && !isNewest();
    } catch (RelayException e) {
      return false;
    }
  }
}
