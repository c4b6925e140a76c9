package dev.outbox.benchmarks;

import java.util.List;
import java.util.stream.LongStream;

/** How long many repetitions of the same thing took. */
final class Durations {

  private static final double NANOS_PER_MILLI = 1e6;

  private final long[] sortedNanos;

  private Durations(LongStream nanos) {
    this.sortedNanos = nanos.sorted().toArray();
  }

  /**
   * @param nanos of each repetition, at least one, in any order
   */
  static Durations ofNanos(LongStream nanos) {
    return new Durations(nanos);
  }

  /** All of these together. */
  static Durations all(List<Durations> parts) {
    return new Durations(parts.stream().flatMapToLong(part -> LongStream.of(part.sortedNanos)));
  }

  int count() {
    return sortedNanos.length;
  }

  /**
   * Milliseconds within which this share of the repetitions was through.
   *
   * @param share 0.5 is the median
   */
  double millis(double share) {
    return sortedNanos[(int) ((sortedNanos.length - 1) * share)] / NANOS_PER_MILLI;
  }

  double meanMillis() {
    return LongStream.of(sortedNanos).average().orElseThrow() / NANOS_PER_MILLI;
  }
}
