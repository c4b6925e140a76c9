package dev.outbox.benchmarks;

import java.time.Duration;

/** Waiting while others do what is measured. */
final class Pause {

  private Pause() {}

  static void of(Duration duration) {
    try {
      Thread.sleep(duration.toMillis());
    } catch (InterruptedException e) {
      throw BenchmarkException.interrupted(e);
    }
  }
}
