package dev.outbox.idempotency.jobs;

import dev.outbox.idempotency.internal.Unavailability;
import dev.outbox.idempotency.jobs.JobOutcome.Done;
import dev.outbox.idempotency.jobs.JobOutcome.GiveUp;
import dev.outbox.idempotency.jobs.JobOutcome.Retry;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/** Writes that a job is begun, and what its outcome means for it. Called on handlers' threads. */
final class Outcomes {

  private static final Logger log = LoggerFactory.getLogger(Outcomes.class);

  /** Between attempts to write while the database is away. */
  private static final Duration PAUSE = Duration.ofMillis(500);

  private final JobStore store;
  private final int maxAttempts;
  private final Backoff backoff;
  private final WorkerCounts.Counter counter;
  private final BooleanSupplier mayWait;

  Outcomes(
      JobStore store,
      int maxAttempts,
      Backoff backoff,
      WorkerCounts.Counter counter,
      BooleanSupplier mayWait) {
    this.store = store;
    this.maxAttempts = maxAttempts;
    this.backoff = backoff;
    this.counter = counter;
    this.mayWait = mayWait;
  }

  /**
   * Count the attempt, for as long as it takes while the worker may wait.
   *
   * @return whether the handler may run: not when another worker has the job by now
   */
  boolean begin(TakenJob job) {
    while (true) {
      try {
        return store.begin(job);
      } catch (Exception e) {
        tell(Level.WARN, job, "error", e.getClass().getName())
            .log("Job not begun: its attempt cannot be counted while the database is away");
        if (!pause()) {
          return false;
        }
      }
    }
  }

  /**
   * Write the outcome, for as long as it takes while the worker may wait. What cannot be written is
   * run again after the lease, with the same key.
   */
  void record(TakenJob job, JobOutcome outcome) {
    boolean settled = false;
    while (!settled) {
      try {
        countIfTooLate(job, write(job, outcome));
        settled = true;
      } catch (Exception e) {
        tell(Level.WARN, job, "error", e.getClass().getName())
            .log("Outcome of a job not written; until it is, the job may be run again");
        settled = !pause();
      }
    }
  }

  private void countIfTooLate(TakenJob job, boolean written) {
    if (!written) {
      counter.tooLate.incrementAndGet();
      tell(Level.INFO, job, "fence", job.fence())
          .log(
              "Outcome of a job not written: another worker has the job, or it was written before");
    }
  }

  private boolean write(TakenJob job, JobOutcome outcome) throws Exception {
    if (outcome instanceof Done done) {
      return done(job, done);
    }
    if (outcome instanceof GiveUp giveUp) {
      return abandon(job, giveUp.reason());
    }
    return retry(job, (Retry) outcome);
  }

  private boolean done(TakenJob job, Done done) throws Exception {
    boolean written;
    try {
      written = store.done(job, done.recording());
    } catch (JobStore.RecordingException e) {
      return retry(job, notRecorded(e.getCause()));
    } catch (Exception e) {
      if (done.recording().isEmpty() || Unavailability.isCauseOf(e)) {
        throw e;
      }
      // What was recorded fails with the commit, and would each time. If the commit was done and
      // only its answer lost, the fence says so.
      return retry(job, notRecorded(e));
    }
    return counted(written, counter.done);
  }

  private static Retry notRecorded(@Nullable Throwable why) {
    return new Retry("Done, but not recorded: " + why, Optional.empty());
  }

  private boolean retry(TakenJob job, Retry retry) throws Exception {
    int number = job.attempt().number();
    if (number >= maxAttempts) {
      return abandon(job, retry.reason());
    }
    Duration wait = retry.after().orElseGet(() -> backoff.after(number));
    tell(Level.DEBUG, job, "wait", wait).log("Job not done, to be tried again after the wait");
    return counted(store.retryLater(job, wait, retry.reason()), counter.failedAttempts);
  }

  private boolean abandon(TakenJob job, String reason) throws Exception {
    boolean written = counted(store.abandon(job, reason), counter.abandoned);
    if (written) {
      tell(Level.WARN, job, "attempt", job.attempt().number())
          .log("Job given up; the column reason says why, JobQueue.retry lets it be tried again");
    }
    return written;
  }

  private static boolean counted(boolean written, AtomicLong counter) {
    if (written) {
      counter.incrementAndGet();
    }
    return written;
  }

  private boolean pause() {
    try {
      Thread.sleep(PAUSE.toMillis());
      return mayWait.getAsBoolean();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Neither recipient nor reason: they may be personal, or quote the payload. */
  private static LoggingEventBuilder tell(Level level, TakenJob job, String key, Object value) {
    return log.atLevel(level)
        .addKeyValue("type", job.attempt().key().type())
        .addKeyValue("job", job.attempt().idempotencyKey())
        .addKeyValue(key, value);
  }
}
