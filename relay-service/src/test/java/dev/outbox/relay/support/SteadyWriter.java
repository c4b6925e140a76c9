package dev.outbox.relay.support;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A service that writes one event after the other, a transaction each, until it is closed. */
public final class SteadyWriter implements AutoCloseable {

  private static final int KEYS = 10;

  private final AtomicReference<@Nullable SQLException> failure = new AtomicReference<>();
  private final Thread thread;
  private volatile boolean closed;
  private volatile int written;

  /**
   * @param pauseMillis between two events
   */
  public SteadyWriter(OutboxDatabase database, int pauseMillis) {
    thread = new Thread(() -> write(database, pauseMillis), "steady-writer");
    thread.start();
  }

  private void write(OutboxDatabase database, int pauseMillis) {
    try (Connection connection = database.connect()) {
      while (!closed) {
        OutboxDatabase.insert(
            connection, "Order", String.valueOf(written % KEYS), "event " + written);
        written++;
        Thread.sleep(pauseMillis);
      }
    } catch (SQLException e) {
      failure.set(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** How many events are committed. */
  public int written() {
    return written;
  }

  /** Ends; returns when nothing is written any more. */
  @Override
  public void close() {
    closed = true;
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    SQLException failed = failure.get();
    if (failed != null) {
      throw new IllegalStateException("the writer failed", failed);
    }
  }
}
