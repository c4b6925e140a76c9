package dev.outbox.relay.support;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A service that writes events all the time: a transaction with a handful of them, a short pause,
 * the next one. One thread, so the order of the rows is that of their commits.
 */
public final class SteadyWriter implements AutoCloseable {

  /** Twenty aggregates, on all partitions of a topic. */
  private static final int KEYS = 20;

  private static final int EVENTS_PER_TRANSACTION = 10;
  private static final Duration PAUSE = Duration.ofMillis(10);
  private static final String PAYLOAD = "x".repeat(2_000);

  private final OutboxDatabase database;
  private final String aggregateType;
  private final AtomicInteger written = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread;

  private SteadyWriter(OutboxDatabase database, String aggregateType) {
    this.database = database;
    this.aggregateType = aggregateType;
    this.thread = new Thread(this::write, "writer of " + database.slot());
    thread.setDaemon(true);
  }

  /** Writes until stopped. */
  public static SteadyWriter start(OutboxDatabase database, String aggregateType) {
    SteadyWriter writer = new SteadyWriter(database, aggregateType);
    writer.thread.start();
    return writer;
  }

  /** How many events are committed. */
  public int written() {
    return written.get();
  }

  /**
   * Writes no more; returns when the last transaction is over.
   *
   * @return how many events are committed
   */
  public int stop() {
    stopped.countDown();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    @Nullable Throwable failed = failure.get();
    if (failed != null) {
      throw new IllegalStateException("the writer failed", failed);
    }
    return written();
  }

  /** Stops, if that has not been done. */
  @Override
  public void close() {
    var unused = stop();
  }

  private void write() {
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      do {
        for (int i = 0; i < EVENTS_PER_TRANSACTION; i++) {
          String key = "key-" + (written.get() + i) % KEYS;
          var unused = OutboxDatabase.insert(connection, aggregateType, key, PAYLOAD);
        }
        connection.commit();
        written.addAndGet(EVENTS_PER_TRANSACTION);
      } while (!stopped.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
    } catch (SQLException | InterruptedException | RuntimeException e) {
      failure.set(e);
    }
  }
}
