package dev.outbox.relay.pipeline;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Does one thing at a time on a thread of its own, for one other thread: what that thread has done
 * before is seen by the thing, and what the thing has done is seen behind {@link #finish}.
 */
final class Aside implements AutoCloseable {

  /** What is done here waits for a server that answers within this, or fails. */
  private static final Duration END_WITHIN = Duration.ofSeconds(15);

  private final ExecutorService executor;
  private @Nullable Future<?> begun;

  Aside(String threadName) {
    executor =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread thread = new Thread(task, threadName);
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Nothing else may be begun and not finished. */
  void begin(Runnable task) {
    if (begun != null) {
      throw new IllegalStateException("what was begun before is not finished");
    }
    begun = executor.submit(task);
  }

  /** Whether something was begun and not finished, be it done or not. */
  boolean isBegun() {
    return begun != null;
  }

  /** Whether what was begun is done, so that {@link #finish} does not wait. */
  boolean isDone() {
    return begun != null && begun.isDone();
  }

  /** Waits until what was begun is done; throws what it has thrown. */
  void finish() throws InterruptedException {
    Future<?> due = Objects.requireNonNull(begun);
    try {
      due.get();
      begun = null;
    } catch (ExecutionException e) {
      begun = null;
      if (e.getCause() instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      throw new IllegalStateException(e.getCause());
    }
  }

  /** What is under way gets the time to finish. Any thread. */
  @Override
  public void close() {
    executor.shutdown();
    try {
      var unused = executor.awaitTermination(END_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
