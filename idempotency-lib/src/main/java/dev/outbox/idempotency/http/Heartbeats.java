package dev.outbox.idempotency.http;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Renews the leases of the reservations of this process, on a thread of its own. */
final class Heartbeats implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Heartbeats.class);

  /** So that a lease outlives two renewals that fail. */
  private static final int BEATS_PER_LEASE = 3;

  private final IdempotencyStore store;
  private final Duration lease;
  private final Duration longest;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread beating = new Thread(task, "idempotency-heartbeat");
            beating.setDaemon(true);
            return beating;
          });

  /**
   * @param longest after so long a reservation is renewed no more: its thread hangs, and the next
   *     attempt is to have a chance
   */
  Heartbeats(IdempotencyStore store, Duration lease, Duration longest) {
    this.store = store;
    this.lease = lease;
    this.longest = longest;
  }

  /** Begin to renew; closing what this returns ends it. */
  Heartbeat keep(RecordId id, long fence) {
    long period = Math.max(1, lease.toMillis() / BEATS_PER_LEASE);
    Heartbeat heartbeat = new Heartbeat(id, fence, System.nanoTime());
    heartbeat.future =
        thread.scheduleWithFixedDelay(heartbeat, period, period, TimeUnit.MILLISECONDS);
    return heartbeat;
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  /** The renewal of one reservation. */
  final class Heartbeat implements Runnable, AutoCloseable {

    private final RecordId id;
    private final long fence;
    private final long begun;
    private volatile boolean lost;
    private volatile @Nullable ScheduledFuture<?> future;

    private Heartbeat(RecordId id, long fence, long begun) {
      this.id = id;
      this.fence = fence;
      this.begun = begun;
    }

    /** Whether another attempt is known to have taken over. */
    boolean lost() {
      return lost;
    }

    @Override
    public void run() {
      if (lost || System.nanoTime() - begun > longest.toNanos()) {
        close();
        return;
      }
      try {
        lost = !store.renew(id, fence, lease);
      } catch (RuntimeException e) {
        // The next beat comes before the lease ends; if none succeeds, the fence decides.
        log.atWarn().addKeyValue("record", id.sha256()).setCause(e).log("lease not renewed");
      }
    }

    @Override
    public void close() {
      ScheduledFuture<?> running = future;
      if (running != null) {
        running.cancel(false);
      }
    }
  }
}
