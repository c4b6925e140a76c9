package dev.outbox.benchmarks;

import java.time.Duration;
import picocli.CommandLine.Option;

/** Options that say how long slices are and how often they come. */
final class SliceOptions {

  @Option(
      names = "--rounds",
      defaultValue = "10",
      description = "slices of each variant (default: ${DEFAULT-VALUE})")
  private int rounds;

  @Option(
      names = "--slice-seconds",
      defaultValue = "1",
      description = "length of a slice (default: ${DEFAULT-VALUE})")
  private double seconds;

  Slices withThreads(int threads) {
    return new Slices(threads, rounds, Duration.ofMillis(Math.round(seconds * 1000)));
  }
}
