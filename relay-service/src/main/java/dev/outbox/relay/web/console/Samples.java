package dev.outbox.relay.web.console;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The last half hour. Any thread. */
final class Samples {

  /** At one every two seconds. */
  static final int MOST = 900;

  private static final long WINDOW_MILLIS = 60_000;

  /** Changes below a tenth are noise. */
  private static final double NOTABLE = 0.1;

  private final Deque<Sample> samples = new ArrayDeque<>();

  synchronized void add(Sample sample) {
    if (samples.size() == MOST) {
      samples.removeFirst();
    }
    samples.addLast(sample);
  }

  /** Those with a higher number, oldest first. */
  synchronized List<Sample> after(long number) {
    return samples.stream().filter(sample -> sample.number() > number).toList();
  }

  /** Which way a figure goes. */
  enum Trend {
    UNKNOWN,
    STEADY,
    GROWING,
    SHRINKING
  }

  /**
   * The last minute compared with the one before.
   *
   * @param notable changes smaller than this are none
   */
  synchronized Trend trend(ToDoubleFunction<Sample> figure, double notable) {
    if (samples.isEmpty()) {
      return Trend.UNKNOWN;
    }
    long now = samples.getLast().at();
    double recent = mean(figure, now - WINDOW_MILLIS, now);
    double before = mean(figure, now - 2 * WINDOW_MILLIS, now - WINDOW_MILLIS);
    double change = recent - before;
    if (Double.isNaN(change)) {
      return Trend.UNKNOWN;
    }
    if (Math.abs(change) < Math.max(notable, before * NOTABLE)) {
      return Trend.STEADY;
    }
    return change > 0 ? Trend.GROWING : Trend.SHRINKING;
  }

  private double mean(ToDoubleFunction<Sample> figure, long after, long until) {
    return samples.stream()
        .filter(sample -> sample.at() > after && sample.at() <= until)
        .mapToDouble(figure)
        .filter(value -> !Double.isNaN(value))
        .average()
        .orElse(Double.NaN);
  }
}
