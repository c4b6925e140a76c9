package dev.outbox.relay.command;

import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.operations.StatusLook;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Looks at the relay again and again until the process is asked to end, which is how a watch ends
 * well: its exit code is 0 then. A database that goes away is shown like anything else.
 */
final class StatusWatch {

  /** A look that hangs does not hold up the end for longer. */
  private static final Duration END_WITHIN = Duration.ofSeconds(1);

  private final StatusLook look;
  private final StatusView view;
  private final PrintWriter out;
  private final Duration every;
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);

  StatusWatch(StatusLook look, StatusView view, PrintWriter out, Duration every) {
    this.look = look;
    this.view = view;
    this.out = out;
    this.every = every;
  }

  /** Returns when nobody reads the output any more; a signal ends the process. */
  void run() throws InterruptedException {
    Thread hook = new Thread(this::end, "end of the watch");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      view.begin();
      // Not a rhythm but a pause: a slow database is not asked more often than it answers.
      do {
        show();
      } while (!out.checkError() && !asked.await(every.toNanos(), TimeUnit.NANOSECONDS));
    } finally {
      view.end();
      ended.countDown();
    }
    if (asked.getCount() > 0) {
      Runtime.getRuntime().removeShutdownHook(hook);
    }
  }

  private void show() {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    try {
      view.show(now, look.now());
    } catch (RelayException e) {
      view.show(now, e);
    }
  }

  /** In the shutdown hook: the JVM's own exit code would be that of a process killed. */
  private void end() {
    asked.countDown();
    try {
      if (!ended.await(END_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
        view.end();
      }
    } catch (InterruptedException e) {
      view.end();
    }
    Runtime.getRuntime().halt(0);
  }
}
