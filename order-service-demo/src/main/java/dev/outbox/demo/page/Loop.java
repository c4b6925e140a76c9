package dev.outbox.demo.page;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.dao.InvalidDataAccessResourceUsageException;
import org.springframework.dao.PermissionDeniedDataAccessException;

/** A thread that does the same again and again until it is stopped, whatever happens. */
final class Loop {

  private static final Logger log = LoggerFactory.getLogger(Loop.class);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(5);

  /** One round. */
  interface Work {
    void run() throws InterruptedException;
  }

  private final Thread thread;
  private final Runnable wakeUp;
  private volatile boolean stopped;

  /**
   * @param pause between two rounds
   * @param failed told of each round that failed
   * @param wakeUp ends a wait that does not heed interrupts
   * @param end run by the thread as its last act
   */
  Loop(String name, Duration pause, Work work, Runnable failed, Runnable wakeUp, Runnable end) {
    this.wakeUp = wakeUp;
    this.thread =
        new Thread(
            () -> {
              try {
                rounds(name, pause, work, failed);
              } finally {
                end.run();
              }
            },
            name);
    thread.setDaemon(true);
  }

  private void rounds(String name, Duration pause, Work work, Runnable failed) {
    boolean complained = false;
    while (!stopped) {
      try {
        work.run();
        complained = false;
        TimeUnit.NANOSECONDS.sleep(pause.toNanos());
      } catch (InterruptedException e) {
        // Only stop interrupts.
        return;
      } catch (RuntimeException e) {
        // Servers come and go, that is what the page is for; the next round tries again.
        failed.run();
        if (!stopped && !complained) {
          log.atLevel(isRefusal(e) ? Level.WARN : Level.DEBUG)
              .addKeyValue("loop", name)
              .setCause(e)
              .log("page cannot look, tries again");
          complained = true;
        }
        if (!slept(pause)) {
          return;
        }
      }
    }
  }

  /** A table that is missing or may not be read does not come back like a server. */
  private static boolean isRefusal(RuntimeException failure) {
    return failure instanceof InvalidDataAccessResourceUsageException
        || failure instanceof PermissionDeniedDataAccessException;
  }

  private static boolean slept(Duration pause) {
    try {
      TimeUnit.NANOSECONDS.sleep(pause.toNanos());
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  Loop start() {
    thread.start();
    return this;
  }

  /** Returns when the thread has ended, or after some seconds. */
  void stop() {
    stopped = true;
    wakeUp.run();
    thread.interrupt();
    try {
      thread.join(STOP_LIMIT.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
