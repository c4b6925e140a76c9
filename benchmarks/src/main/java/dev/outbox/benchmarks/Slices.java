package dev.outbox.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/**
 * Variants of one work that take turns in short slices, the order moving on by one each round: what
 * else goes on in the machine goes on for all of them.
 */
final class Slices {

  private final int threads;
  private final int rounds;
  private final Duration length;

  /**
   * @param threads how many do the work at once
   * @param rounds in each of which every variant gets one slice, after one that does not count
   * @param length of a slice
   */
  Slices(int threads, int rounds, Duration length) {
    this.threads = threads;
    this.rounds = rounds;
    this.length = length;
  }

  /** One unit of the work, for several threads at once. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  /** One way to do the work. */
  record Variant(String name, Work work) {}

  /**
   * How a variant did.
   *
   * @param perSecond units of work a second, all threads together
   * @param medianMillis time of one unit
   * @param ratio its mean time by that of the first variant in the same round: the median of all
   *     rounds
   */
  record Outcome(
      String name, double perSecond, double medianMillis, double p99Millis, double ratio) {

    /** What it takes longer than the first variant. */
    double overheadPercent() {
      return (ratio - 1) * 100;
    }
  }

  private record Slice(Durations durations, double seconds) {}

  /** Measures all variants; the first is what the others are compared with. */
  List<Outcome> run(List<Variant> variants) {
    List<List<Slice>> slices = new ArrayList<>();
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      for (Variant variant : variants) {
        var unused = slice(workers, variant);
        slices.add(new ArrayList<>());
      }
      for (int round = 0; round < rounds; round++) {
        for (int turn = 0; turn < variants.size(); turn++) {
          int next = (round + turn) % variants.size();
          slices.get(next).add(slice(workers, variants.get(next)));
        }
      }
    } finally {
      workers.shutdownNow();
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < variants.size(); i++) {
      outcomes.add(outcome(variants.get(i).name(), slices.get(i), slices.get(0)));
    }
    return outcomes;
  }

  private Slice slice(ExecutorService workers, Variant variant) {
    long begin = System.nanoTime();
    long end = begin + length.toNanos();
    Callable<LongStream> worker = () -> repeat(variant.work(), end);
    try {
      LongStream nanos = LongStream.empty();
      List<Future<LongStream>> working = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        working.add(workers.submit(worker));
      }
      for (Future<LongStream> done : working) {
        nanos = LongStream.concat(nanos, done.get());
      }
      return new Slice(Durations.ofNanos(nanos), (System.nanoTime() - begin) / 1e9);
    } catch (ExecutionException e) {
      throw new BenchmarkException("Failed: " + variant.name(), e);
    } catch (InterruptedException e) {
      throw BenchmarkException.interrupted(e);
    }
  }

  private static LongStream repeat(Work work, long end) throws Exception {
    LongStream.Builder nanos = LongStream.builder();
    long before = System.nanoTime();
    do {
      work.run();
      long after = System.nanoTime();
      nanos.add(after - before);
      before = after;
    } while (before < end);
    return nanos.build();
  }

  private static Outcome outcome(String name, List<Slice> slices, List<Slice> baseline) {
    Durations all = Durations.all(slices.stream().map(Slice::durations).toList());
    double seconds = slices.stream().mapToDouble(Slice::seconds).sum();
    return new Outcome(
        name,
        all.count() / seconds,
        all.millis(0.5),
        all.millis(0.99),
        medianRatio(means(slices), means(baseline)));
  }

  private static double[] means(List<Slice> slices) {
    return slices.stream().mapToDouble(slice -> slice.durations().meanMillis()).toArray();
  }

  /** The median of the ratios of what belongs together; of an even number, the mean of the two. */
  static double medianRatio(double[] values, double[] baseline) {
    double[] ratios = new double[values.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = values[i] / baseline[i];
    }
    return DoubleStream.of(ratios)
        .sorted()
        .skip((ratios.length - 1) / 2)
        .limit(2 - ratios.length % 2)
        .average()
        .orElseThrow();
  }
}
