package dev.outbox.idempotency.http;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes expired records in bounded batches, on a thread of its own. Several instances may do so
 * at once; none waits for another. Requests do not depend on it: an expired record counts as none.
 */
public final class ExpirySweeper implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ExpirySweeper.class);

  private final IdempotencyStore store;
  private final Duration interval;
  private final int batch;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread sweeping = new Thread(task, "idempotency-expiry");
            sweeping.setDaemon(true);
            return sweeping;
          });

  /**
   * @param interval pause between two rounds; a round goes on until nothing expired is left
   * @param batch the most to delete in one transaction
   */
  public ExpirySweeper(IdempotencyStore store, Duration interval, int batch) {
    if (batch < 1) {
      throw new IllegalArgumentException("the batch of expired keys is %d".formatted(batch));
    }
    this.store = store;
    this.interval = interval;
    this.batch = batch;
  }

  /** Begin, with a first round after one interval. Call once. */
  public void start() {
    thread.scheduleWithFixedDelay(
        this::sweep, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Ends after the batch in hand. Idempotent, from any thread. */
  @Override
  public void close() {
    thread.shutdown();
  }

  private void sweep() {
    try {
      while (!thread.isShutdown() && store.deleteExpired(batch) == batch) {
        Thread.onSpinWait();
      }
    } catch (RuntimeException e) {
      // A task that throws is never run again; what is left goes in the next round.
      log.atWarn().setCause(e).log("expired idempotency keys not deleted");
    }
  }
}
