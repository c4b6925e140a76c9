package dev.outbox.relay.pipeline;

import dev.outbox.relay.source.SourceHandler.Confirmation;
import java.time.Duration;
import java.util.Objects;
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

  private final LongConsumer record;
  private final Aside recording = new Aside("outbox-relay-record");
  private @Nullable Confirmation confirmation;
  private volatile long confirmed;
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
    if (recording.isBegun()) {
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
    if (recording.isBegun()) {
      confirmRecorded();
    }
    if (lsn != confirmed) {
      begin(lsn);
      confirmRecorded();
    }
  }

  private void begin(long lsn) {
    recordingLsn = lsn;
    recording.begin(() -> record.accept(lsn));
    lastNanos = System.nanoTime();
  }

  private void confirmRecorded() throws InterruptedException {
    recording.finish();
    Objects.requireNonNull(confirmation).confirm(recordingLsn);
    confirmed = recordingLsn;
  }

  /** After the engine's end: a record under way is finished, or would keep its connection. */
  @Override
  public void close() {
    recording.close();
  }
}
