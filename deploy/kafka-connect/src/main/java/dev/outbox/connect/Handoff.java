package dev.outbox.connect;

import dev.outbox.relay.publishing.PublishFailure.NotSent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * Where records change from the relay's threads to the worker's. How many there can be is bounded
 * by the bytes that the relay lets be in flight. Thread-safe.
 */
final class Handoff {

  private List<HandedRecord> waiting = new ArrayList<>();
  private int withWorker;
  private boolean ended;
  private volatile BooleanSupplier leading = () -> true;

  /**
   * From now on the worker gets records only while this instance leads.
   *
   * @param leads asked on the worker's thread; false keeps them waiting
   */
  void onlyWhile(BooleanSupplier leads) {
    leading = leads;
  }

  /** For the worker to take all at once, as it will with what waits already. */
  synchronized void addAll(List<HandedRecord> records) {
    waiting.addAll(records);
    notifyAll();
  }

  /**
   * All that waits, in order; null when nothing has come within the time. From now on the worker
   * has them, and {@link #decided} tells what became of each.
   */
  @Nullable List<SourceRecord> take(Duration patience) throws InterruptedException {
    if (!awaitWaiting(patience)) {
      return null;
    }
    // What has waited for long, as in a worker that slept, may be another instance's business now.
    if (!leading.getAsBoolean()) {
      rest(patience);
      return null;
    }
    return takeAll();
  }

  private synchronized void rest(Duration patience) throws InterruptedException {
    if (!ended) {
      wait(patience.toMillis());
    }
  }

  private synchronized boolean awaitWaiting(Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (waiting.isEmpty() && !ended) {
      long millis = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
      if (millis <= 0) {
        return false;
      }
      wait(millis);
    }
    return !ended;
  }

  private synchronized @Nullable List<SourceRecord> takeAll() {
    if (waiting.isEmpty() || ended) {
      return null;
    }
    List<SourceRecord> taken = List.copyOf(waiting);
    waiting = new ArrayList<>();
    withWorker += taken.size();
    return taken;
  }

  /** A record is on its topic, or a transform of the connector's has left it out. */
  void decided(HandedRecord record) {
    record.delivery().acknowledged();
    synchronized (this) {
      withWorker--;
      notifyAll();
    }
  }

  /** Whether every record that was added is decided within the time. */
  synchronized boolean awaitDecided(Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (withWorker > 0 || !waiting.isEmpty()) {
      long millis = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
      if (millis <= 0 || ended) {
        return false;
      }
      wait(millis);
    }
    return true;
  }

  /** Records that the worker has not taken are not for it any more, and are told so. */
  void withdraw() {
    List<HandedRecord> withdrawn;
    synchronized (this) {
      withdrawn = waiting;
      waiting = new ArrayList<>();
      notifyAll();
    }
    withdrawn.forEach(record -> record.delivery().failed(new NotSent()));
  }

  /** The worker takes nothing more. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  synchronized boolean hasEnded() {
    return ended;
  }
}
