package dev.outbox.relay.metrics;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts durations in classes that grow with the duration, eight to each doubling, so that a
 * percentile is right to within an eighth. Any thread may record; nothing is allocated or locked.
 */
final class LatencyHistogram {

  private static final int BITS = 3;
  private static final int PER_DOUBLING = 1 << BITS;

  /** Up to 2^42 microseconds, 50 days. */
  private static final int CLASSES = PER_DOUBLING * 40;

  private final AtomicLongArray counts = new AtomicLongArray(CLASSES);

  /** Once per event. */
  void record(long micros) {
    counts.getAndIncrement(index(Math.max(0, micros)));
  }

  private static int index(long micros) {
    if (micros < PER_DOUBLING) {
      return (int) micros;
    }
    int doubling = 63 - Long.numberOfLeadingZeros(micros) - BITS;
    int within = (int) (micros >>> doubling) - PER_DOUBLING;
    return Math.min(CLASSES - 1, PER_DOUBLING * (doubling + 1) + within);
  }

  /** The largest duration of a class, in microseconds. */
  private static long upperBound(int index) {
    if (index < PER_DOUBLING) {
      return index;
    }
    int doubling = index / PER_DOUBLING - 1;
    long within = index % PER_DOUBLING + PER_DOUBLING;
    return ((within + 1) << doubling) - 1;
  }

  /** How often each class has been counted so far. */
  long[] counts() {
    long[] copy = new long[CLASSES];
    for (int i = 0; i < CLASSES; i++) {
      copy[i] = counts.get(i);
    }
    return copy;
  }

  /**
   * The duration in milliseconds that this share of all between two counts stayed within.
   *
   * @return NaN when there was none
   */
  static double percentile(long[] before, long[] after, double share) {
    long all = 0;
    for (int i = 0; i < CLASSES; i++) {
      all += after[i] - before[i];
    }
    long rank = (long) Math.ceil(all * share);
    long seen = 0;
    for (int i = 0; i < CLASSES; i++) {
      seen += after[i] - before[i];
      if (all > 0 && seen >= rank) {
        return upperBound(i) / 1_000.0;
      }
    }
    return Double.NaN;
  }
}
