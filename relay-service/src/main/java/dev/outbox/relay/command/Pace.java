package dev.outbox.relay.command;

import dev.outbox.relay.operations.ProgressListener.Progress;
import java.time.Duration;
import java.util.Locale;

/** How fast something goes and how long it will take, from how far it was when. For one thread. */
final class Pace {

  /** Before that much time has passed a rate is a guess. */
  private static final Duration LEAST = Duration.ofMillis(500);

  private final long begunAt;
  private final long begunWith;

  /**
   * @param first how far it was
   * @param now {@link System#nanoTime}
   */
  Pace(Progress first, long now) {
    this.begunWith = first.done();
    this.begunAt = now;
  }

  Duration elapsed(long now) {
    return Duration.ofNanos(now - begunAt);
  }

  /** Rate and time left, as far as they are known: {@code , 4321/s, 0:17 left}. */
  String asText(Progress progress, long now) {
    Duration elapsed = elapsed(now);
    long done = progress.done() - begunWith;
    if (done <= 0 || elapsed.compareTo(LEAST) < 0) {
      return "";
    }
    double perSecond = done * 1e9 / elapsed.toNanos();
    String rate = ", " + rounded(perSecond) + "/s";
    long left = progress.of().orElse(0) - progress.done();
    return left <= 0 ? rate : rate + ", " + clock(Math.round(left / perSecond)) + " left";
  }

  private static String rounded(double perSecond) {
    return perSecond < 10
        ? String.format(Locale.ROOT, "%.1f", perSecond).replace(".0", "")
        : "%d".formatted(Math.round(perSecond));
  }

  private static String clock(long seconds) {
    return seconds >= 3600
        ? "%d:%02d:%02d".formatted(seconds / 3600, seconds / 60 % 60, seconds % 60)
        : "%d:%02d".formatted(seconds / 60, seconds % 60);
  }
}
