package dev.outbox.relay.pipeline;

import dev.outbox.relay.source.SourceHandler.Confirmation;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells the database how far everything is settled: first the relay's own record of it, and when
 * that is durable the slot. The record costs a commit, so a thread of its own writes it while
 * events flow on. For the engine thread, within a call of the source's handler.
 */
final class Confirming implements AutoCloseable {

  /** Not every acknowledgement is worth a commit. */
  private static final Duration EVERY = Duration.ofMillis(100);

  /** The record's connection answers within this, or fails. */
  private static final Duration END_WITHIN = Duration.ofSeconds(15);

  private final LongConsumer record;
  private final ExecutorService recorder =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "outbox-relay-record");
            thread.setDaemon(true);
            return thread;
          });
  private @Nullable Confirmation confirmation;
  private volatile long confirmed;
  private @Nullable Future<?> recording;
  private long recordingLsn;
  private long lastNanos = System.nanoTime();

  /**
   * @param record makes a position durable, on a thread of its own; what it throws ends the run
   * @param start LSN where the slot stands
   */
  Confirming(LongConsumer record, long start) {
    this.record = record;
    this.confirmed = start;
  }

  /** From now on positions are confirmed with this. */
  void with(Confirmation current) {
    confirmation = current;
  }

  /** The position confirmed last. Any thread. */
  long confirmed() {
    return confirmed;
  }

  /** Everything up to here is settled; confirms what can be without waiting. */
  void settled(long lsn) throws InterruptedException {
    if (recording != null) {
      if (!recording.isDone()) {
        return;
      }
      confirmRecorded();
    }
    if (lsn != confirmed && System.nanoTime() - lastNanos >= EVERY.toNanos()) {
      begin(lsn);
    }
  }

  /** Everything up to here is settled; returns when it is confirmed. */
  void settledFinally(long lsn) throws InterruptedException {
    if (recording != null) {
      confirmRecorded();
    }
    if (lsn != confirmed) {
      begin(lsn);
      confirmRecorded();
    }
  }

  private void begin(long lsn) {
    recordingLsn = lsn;
    recording = recorder.submit(() -> record.accept(lsn));
    lastNanos = System.nanoTime();
  }

  private void confirmRecorded() throws InterruptedException {
    Future<?> due = Objects.requireNonNull(recording);
    recording = null;
    try {
      due.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      throw new IllegalStateException(e.getCause());
    }
    Objects.requireNonNull(confirmation).confirm(recordingLsn);
    confirmed = recordingLsn;
  }

  /** After the engine's end: a record under way is finished, or would keep its connection. */
  @Override
  public void close() {
    recorder.shutdown();
    try {
      var unused = recorder.awaitTermination(END_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
