package dev.outbox.relay.chaos;

import dev.outbox.relay.support.OutboxDatabase;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.IntStream;

/**
 * Services that write, each in a thread of its own, through whatever happens to the server. One
 * thread pauses and resumes them.
 */
final class Writers implements AutoCloseable {

  private static final int THREADS = 4;

  private final ReadWriteLock gate = new ReentrantReadWriteLock(true);
  private final Map<String, Long> commitMillis = new ConcurrentHashMap<>();
  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
  private final List<Future<?>> writing;

  Writers(OutboxDatabase database, long seed) {
    List<Writer> writers =
        IntStream.range(0, THREADS)
            .mapToObj(
                index ->
                    new Writer(database, new Random(seed + index), gate.readLock(), commitMillis))
            .toList();
    writing = writers.stream().<Future<?>>map(threads::submit).toList();
  }

  /** Returns when no transaction is open. */
  void pause() {
    gate.writeLock().lock();
  }

  void resume() {
    gate.writeLock().unlock();
  }

  /** When each event was known to be committed, as far as it was; forgotten afterwards. */
  Map<String, Long> takeCommitMillis() {
    Map<String, Long> taken = new HashMap<>(commitMillis);
    commitMillis.keySet().removeAll(taken.keySet());
    return taken;
  }

  /** Fails when a writer has ended. */
  void check() throws InterruptedException {
    for (Future<?> writer : writing) {
      if (writer.isDone()) {
        try {
          writer.get();
        } catch (ExecutionException e) {
          throw new IllegalStateException("A writer has failed", e);
        }
      }
    }
  }

  /** The table that writers lock and count in. */
  static void prepare(OutboxDatabase database) {
    database.createServiceTable("aggregate", "id text primary key, number bigint not null");
    for (String id : Writer.AGGREGATES) {
      database.write("insert into aggregate values ('" + id + "', 0)");
    }
  }

  @Override
  public void close() throws InterruptedException {
    threads.shutdownNow();
    if (!threads.awaitTermination(1, TimeUnit.MINUTES)) {
      throw new IllegalStateException("The writers do not end");
    }
  }
}
