package dev.outbox.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class DurationsTest {

  private static final long MILLI = 1_000_000;

  @Test
  void aShareIsWithinTheTimeOfItsLastRepetition() {
    Durations durations =
        Durations.ofNanos(LongStream.rangeClosed(1, 101).map(i -> (102 - i) * MILLI));
    assertThat(durations.millis(0)).isEqualTo(1);
    assertThat(durations.millis(0.5)).isEqualTo(51);
    assertThat(durations.millis(0.99)).isEqualTo(100);
    assertThat(durations.millis(1)).isEqualTo(101);
  }

  @Test
  void severalCountAsOne() {
    Durations all =
        Durations.all(
            List.of(
                Durations.ofNanos(LongStream.of(5 * MILLI, MILLI)),
                Durations.ofNanos(LongStream.of(3 * MILLI))));
    assertThat(all.count()).isEqualTo(3);
    assertThat(all.meanMillis()).isEqualTo(3);
    assertThat(all.millis(0.5)).isEqualTo(3);
  }
}
