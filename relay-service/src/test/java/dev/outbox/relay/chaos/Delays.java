package dev.outbox.relay.chaos;

import java.time.Duration;
import java.util.Arrays;

/** How long events took from their commit to the topic. For one thread. */
final class Delays {

  private long[] millis = new long[1 << 14];
  private int count;

  void add(long delayMillis) {
    if (count == millis.length) {
      millis = Arrays.copyOf(millis, 2 * count);
    }
    // An event may be on the topic before its writer knows of the commit.
    millis[count] = Math.max(0, delayMillis);
    count++;
  }

  /** The delay that this share of the events did not exceed; zero without events. */
  Duration quantile(double share) {
    long[] sorted = Arrays.copyOf(millis, count);
    Arrays.sort(sorted);
    return count == 0
        ? Duration.ZERO
        : Duration.ofMillis(sorted[(int) Math.ceil(share * (count - 1))]);
  }
}
