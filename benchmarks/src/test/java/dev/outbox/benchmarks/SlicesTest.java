package dev.outbox.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.benchmarks.Slices.Variant;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlicesTest {

  @Test
  void whatIsComparedIsOfTheSameRound() {
    // Twice as slow in each round, though the rounds themselves differ more than that
    double[] values = {20, 200, 2};
    double[] baseline = {10, 100, 1};
    assertThat(Slices.medianRatio(values, baseline)).isEqualTo(2);
  }

  @Test
  void theMedianOfAnEvenNumberIsBetweenTheTwoInTheMiddle() {
    assertThat(Slices.medianRatio(new double[] {1, 9, 2, 4}, new double[] {1, 1, 1, 1}))
        .isEqualTo(3);
  }

  @Test
  void variantsTakeTurnsAndTheOrderMovesOn() {
    List<String> turns = Collections.synchronizedList(new ArrayList<>());
    List<Slices.Outcome> outcomes =
        new Slices(1, 2, Duration.ZERO)
            .run(
                List.of(
                    new Variant("a", () -> turns.add("a")),
                    new Variant("b", () -> turns.add("b"))));
    // The first two are the warm-up.
    assertThat(turns).containsExactly("a", "b", "a", "b", "b", "a");
    assertThat(outcomes).extracting(Slices.Outcome::name).containsExactly("a", "b");
    assertThat(outcomes.get(0).overheadPercent()).isZero();
  }

  @Test
  void aVariantThatFailsIsNamed() {
    Variant failing =
        new Variant(
            "a",
            () -> {
              throw new IOException("why");
            });
    assertThatThrownBy(() -> new Slices(2, 1, Duration.ZERO).run(List.of(failing)))
        .isInstanceOf(BenchmarkException.class)
        .hasMessageContaining("a")
        .hasRootCauseMessage("why");
  }
}
