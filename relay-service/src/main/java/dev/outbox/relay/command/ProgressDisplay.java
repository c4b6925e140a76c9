package dev.outbox.relay.command;

import dev.outbox.relay.operations.ProgressListener;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows people how far a command is: a bar that is drawn anew in its place where a terminal
 * watches, a line every few seconds where none does. What is quick shows nothing. For one thread.
 */
abstract sealed class ProgressDisplay implements ProgressListener, AutoCloseable {

  private final Duration every;
  private final LongSupplier nanoTime;
  private @Nullable Progress last;
  private @Nullable Pace pace;
  private long shownAt;
  private boolean shown;

  private ProgressDisplay(Duration every, LongSupplier nanoTime) {
    this.every = every;
    this.nanoTime = nanoTime;
  }

  /**
   * @param out standard error; the answer alone belongs on standard output
   */
  static ProgressDisplay on(PrintWriter out) {
    return Terminal.isWatching(Terminal.ERR)
        ? new Bar(out, System::nanoTime)
        : new Lines(out, System::nanoTime);
  }

  @Override
  public final void at(Progress progress) {
    long now = nanoTime.getAsLong();
    Progress before = last;
    Pace current = pace;
    if (before == null || current == null || !before.doing().equals(progress.doing())) {
      close();
      current = new Pace(progress, now);
      pace = current;
      shownAt = now;
    }
    last = progress;
    if (now - shownAt >= every.toNanos()) {
      shownAt = now;
      shown = true;
      show(progress, current.asText(progress, now));
    }
  }

  /** What has been going on is over. */
  @Override
  public final void close() {
    Progress before = last;
    Pace current = pace;
    if (shown && before != null && current != null) {
      finish(before, current.asText(before, nanoTime.getAsLong()));
    }
    shown = false;
    last = null;
  }

  abstract void show(Progress progress, String pace);

  abstract void finish(Progress progress, String pace);

  /** One line, drawn again and again; a last time with the end that it came to. */
  static final class Bar extends ProgressDisplay {

    private static final Duration EVERY = Duration.ofMillis(200);
    private static final int WIDTH = 30;

    private final PrintWriter out;

    Bar(PrintWriter out, LongSupplier nanoTime) {
      super(EVERY, nanoTime);
      this.out = out;
    }

    @Override
    void show(Progress progress, String pace) {
      // A line that wraps could not be drawn over; what a narrow terminal cuts off is the detail.
      out.print(Terminal.ERASE_LINE + Terminal.WRAP_OFF + line(progress, pace) + Terminal.WRAP_ON);
      out.flush();
    }

    @Override
    void finish(Progress progress, String pace) {
      show(progress, pace);
      out.println();
      out.flush();
    }

    private static String line(Progress progress, String pace) {
      if (progress.of().isEmpty()) {
        return progress.asText() + pace;
      }
      long of = progress.of().getAsLong();
      double part = of <= 0 ? 1 : Math.min(1, (double) progress.done() / of);
      int full = (int) (part * WIDTH);
      return "%s [%s%s] %d %%, %d of %d %s%s%s"
          .formatted(
              progress.doing(),
              "#".repeat(full),
              ".".repeat(WIDTH - full),
              (int) (part * 100),
              progress.done(),
              of,
              progress.unit(),
              pace,
              progress.detail().isEmpty() ? "" : "; " + progress.detail());
    }
  }

  /** A line every few seconds, for logs. */
  static final class Lines extends ProgressDisplay {

    private static final Duration EVERY = Duration.ofSeconds(3);

    private final PrintWriter out;

    Lines(PrintWriter out, LongSupplier nanoTime) {
      super(EVERY, nanoTime);
      this.out = out;
    }

    @Override
    void show(Progress progress, String pace) {
      out.println(progress.asText() + pace);
      out.flush();
    }

    @Override
    void finish(Progress progress, String pace) {
      // The command's answer follows.
    }
  }
}
