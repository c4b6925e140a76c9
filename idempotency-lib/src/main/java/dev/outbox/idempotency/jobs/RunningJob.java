package dev.outbox.idempotency.jobs;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A job in a worker's hand, from the moment it is taken until its outcome is written. The handler's
 * thread runs it; the dispatcher's thread looks at it.
 */
final class RunningJob implements Runnable {

  private enum Phase {
    WAITING,
    BEGINNING,
    HANDLING,
    RECORDING,
    WITHDRAWN
  }

  private final TakenJob job;
  private final JobHandler handler;
  private final Outcomes outcomes;
  private final Runnable whenEnded;
  // Guarded by this, so that an interrupt meets the handler and never the writing of its outcome.
  private Phase phase = Phase.WAITING;
  private @Nullable Thread thread;
  private long begun;

  RunningJob(TakenJob job, JobHandler handler, Outcomes outcomes, Runnable whenEnded) {
    this.job = job;
    this.handler = handler;
    this.outcomes = outcomes;
    this.whenEnded = whenEnded;
  }

  TakenJob job() {
    return job;
  }

  @Override
  public void run() {
    if (!begin()) {
      return;
    }
    try {
      if (outcomes.begin(job)) {
        handling();
        JobOutcome outcome = handle();
        recording();
        outcomes.record(job, outcome);
      }
    } finally {
      whenEnded.run();
    }
  }

  private JobOutcome handle() {
    try {
      return Objects.requireNonNull(handler.handle(job.attempt()), "The handler returned null");
    } catch (InterruptedException e) {
      return JobOutcome.retry("Interrupted: it took too long, or its worker was stopped");
    } catch (Throwable failure) {
      // Whatever it is: the job would stay in hand for ever, with its lease renewed.
      return JobOutcome.retry(failure.toString());
    }
  }

  private synchronized boolean begin() {
    if (phase != Phase.WAITING) {
      return false;
    }
    phase = Phase.BEGINNING;
    thread = Thread.currentThread();
    return true;
  }

  private synchronized void handling() {
    phase = Phase.HANDLING;
    begun = System.nanoTime();
  }

  private synchronized void recording() {
    phase = Phase.RECORDING;
    // Meant for the handler, which has ended.
    Thread.interrupted();
  }

  /** Whether it had not begun; then it never will. */
  synchronized boolean withdraw() {
    if (phase != Phase.WAITING) {
      return false;
    }
    phase = Phase.WITHDRAWN;
    return true;
  }

  synchronized boolean handlesLongerThan(Duration limit) {
    return phase == Phase.HANDLING && System.nanoTime() - begun > limit.toNanos();
  }

  synchronized boolean handledByThisThread() {
    return thread == Thread.currentThread();
  }

  /** Ends the handler if it heeds interrupts. */
  synchronized void interruptHandler() {
    if (phase == Phase.HANDLING && thread != null) {
      thread.interrupt();
    }
  }
}
