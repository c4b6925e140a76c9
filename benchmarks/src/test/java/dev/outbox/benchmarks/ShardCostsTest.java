package dev.outbox.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ShardCostsTest {

  private static final double CLOSE = 1e-9;

  /** Four slots: 4 µs to deliver, 1 µs to pass by. */
  private final ShardCosts costs = ShardCosts.of(4e-6, (4e-6 + 3 * 1e-6) / 4, 4, 5e-6, 6e-6);

  @Test
  void whatPassingByCostsFollowsFromTwoMeasurements() {
    assertThat(costs.own()).isCloseTo(4e-6, within(CLOSE));
    assertThat(costs.foreign()).isCloseTo(1e-6, within(CLOSE));
  }

  @Test
  void aFurtherShardBringsLessAndLess() {
    assertThat(costs.slotLimit(1)).isCloseTo(250_000, within(1.0));
    assertThat(costs.slotLimit(2)).isCloseTo(400_000, within(1.0));
    assertThat(costs.slotLimit(1_000)).isLessThan(1 / costs.foreign());
  }

  @Test
  void onOneMachineItCosts() {
    assertThat(costs.server(4)).isCloseTo(7e-6, within(CLOSE));
    assertThat(costs.rate(1, 2)).isCloseTo(2 / 15e-6, within(1.0));
    assertThat(costs.rate(4, 2)).isCloseTo(2 / 18e-6, within(1.0));
    // with processors to spare one slot is the limit
    assertThat(costs.rate(1, 100)).isCloseTo(250_000, within(1.0));
  }

  @Test
  void somethingBreaksFirst() {
    assertThat(costs.first(1, 10_000).name()).startsWith("writing");
    assertThat(costs.first(1, 1e9).name()).startsWith("publishing");
    assertThat(costs.first(8, 1e9).name()).startsWith("decoding");
  }
}
