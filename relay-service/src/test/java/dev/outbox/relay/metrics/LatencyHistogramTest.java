package dev.outbox.relay.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatencyHistogramTest {

  private final LatencyHistogram histogram = new LatencyHistogram();

  @ParameterizedTest
  @ValueSource(longs = {0, 7, 8, 9, 1_000, 123_456, 60_000_000, 86_400_000_000L})
  void aDurationIsToldToWithinAnEighth(long micros) {
    long[] before = histogram.counts();
    histogram.record(micros);
    double millis = LatencyHistogram.percentile(before, histogram.counts(), 0.5);
    assertThat(millis).isCloseTo(micros / 1_000.0, within(micros / 8_000.0 + 0.000_1));
  }

  @Test
  void onlyWhatCameBetweenCounts() {
    histogram.record(9_000_000);
    long[] before = histogram.counts();
    assertThat(LatencyHistogram.percentile(before, histogram.counts(), 0.5)).isNaN();
    for (int i = 0; i < 99; i++) {
      histogram.record(1_000);
    }
    histogram.record(5_000_000);
    long[] after = histogram.counts();
    assertThat(LatencyHistogram.percentile(before, after, 0.5)).isBetween(1.0, 1.13);
    assertThat(LatencyHistogram.percentile(before, after, 0.99)).isBetween(1.0, 1.13);
    assertThat(LatencyHistogram.percentile(before, after, 1.0)).isBetween(5_000.0, 5_630.0);
  }

  @Test
  void clocksThatDisagreeAndDurationsBeyondAllBoundsDoNoHarm() {
    histogram.record(-5);
    histogram.record(Long.MAX_VALUE);
    assertThat(LatencyHistogram.percentile(new long[320], histogram.counts(), 0.5)).isZero();
  }
}
