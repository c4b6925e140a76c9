package dev.outbox.idempotency.inbox;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that apply batches. The polling thread submits and takes outcomes; a worker only ever
 * runs a batch and leaves its outcome.
 */
final class Workers implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Workers.class);

  /** For a handler that is in hand when the runner fails; a stop waits without limit before. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final int size;
  private final Function<Batch, BatchOutcome> work;
  private final BlockingQueue<BatchOutcome> outcomes = new LinkedBlockingQueue<>();
  private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
  private final ExecutorService executor;
  private int busy;

  Workers(String name, int size, Function<Batch, BatchOutcome> work) {
    this.size = size;
    this.work = work;
    this.executor =
        Executors.newFixedThreadPool(
            size,
            task -> {
              Thread thread = new Thread(task, name + "-worker-" + (threads.size() + 1));
              threads.add(thread);
              return thread;
            });
  }

  int free() {
    return size - busy;
  }

  boolean busy() {
    return busy > 0;
  }

  void submit(Batch batch) {
    busy++;
    executor.execute(() -> outcomes.add(work.apply(batch)));
  }

  /** The next outcome, waited for as long as this. An interrupt ends the wait. */
  Optional<BatchOutcome> take(Duration atMost) {
    try {
      Optional<BatchOutcome> outcome =
          Optional.ofNullable(outcomes.poll(atMost.toNanos(), TimeUnit.NANOSECONDS));
      if (outcome.isPresent()) {
        busy--;
      }
      return outcome;
    } catch (InterruptedException e) {
      // Nobody but the runner knows this thread, and the runner stops it by its state.
      return Optional.empty();
    }
  }

  boolean isOneOfThem(Thread thread) {
    return threads.contains(thread);
  }

  /** Ends the threads and waits for what they have in hand. */
  @Override
  public void close() {
    executor.shutdown();
    try {
      if (!executor.awaitTermination(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
        LOG.atWarn().addKeyValue("wait", PATIENCE).log("A handler does not return");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
