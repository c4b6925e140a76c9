package dev.outbox.idempotency.jobs;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What a worker has done since its start.
 *
 * @param done jobs marked as done
 * @param failedAttempts attempts after which the job is to be tried again
 * @param abandoned jobs given up
 * @param tooLate outcomes not written, because another worker had taken the job over, or because
 *     they were written already and the database's answer was lost
 */
public record WorkerCounts(long done, long failedAttempts, long abandoned, long tooLate) {

  /** Counts while the worker works; any thread. */
  static final class Counter {

    final AtomicLong done = new AtomicLong();
    final AtomicLong failedAttempts = new AtomicLong();
    final AtomicLong abandoned = new AtomicLong();
    final AtomicLong tooLate = new AtomicLong();

    WorkerCounts now() {
      return new WorkerCounts(done.get(), failedAttempts.get(), abandoned.get(), tooLate.get());
    }
  }
}
