package dev.outbox.local;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** Waits until a server or process is ready, and gives up as soon as its process has ended. */
final class Waiting {

  private static final Duration PAUSE = Duration.ofMillis(20);

  private Waiting() {}

  /** One attempt: true when what is waited for has come; an exception counts as not yet. */
  interface Attempt extends Callable<Boolean> {}

  /** Waits at most this long and says whether the process ended meanwhile. */
  interface Pause {
    boolean endedWithin(Duration duration);
  }

  /** Passes the time where there is no process whose end could be waited for. */
  static boolean pause(Duration duration) {
    try {
      TimeUnit.NANOSECONDS.sleep(duration.toNanos());
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalStackException("Interrupted while waiting", e);
    }
  }

  /**
   * Returns when the attempt succeeds.
   *
   * @param what what is waited for, for the message of the failure
   */
  static void until(String what, Duration limit, Pause pause, Attempt attempt) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      LocalStackException failure;
      try {
        if (attempt.call()) {
          return;
        }
        failure = new LocalStackException(what + " did not come within " + limit);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new LocalStackException("Interrupted while waiting: " + what, e);
      } catch (Exception e) {
        failure = new LocalStackException(what + " did not come within " + limit, e);
      }
      if (pause.endedWithin(PAUSE)) {
        throw new LocalStackException(what + " cannot come: the process has ended", failure);
      }
      if (System.nanoTime() > deadline) {
        throw failure;
      }
    }
  }
}
