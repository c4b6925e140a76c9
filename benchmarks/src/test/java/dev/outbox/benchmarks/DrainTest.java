package dev.outbox.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.benchmarks.Drain.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DrainTest {

  @Test
  void eachContenderHasItsOwnMedianRound() {
    assertThat(
            Drain.medians(
                List.of(
                    List.of(outcome("a", 3, 30), outcome("b", 1, 10)),
                    List.of(outcome("a", 1, 10), outcome("b", 9, 90)),
                    List.of(outcome("a", 2, 20), outcome("b", 4, 40)))))
        .containsExactly(outcome("a", 2, 20), outcome("b", 4, 40));
  }

  @Test
  void ratiosAreToldOfWhoTookPart() {
    List<Outcome> all = List.of(outcome("ours", 10, 80), outcome("theirs", 40, 20));
    assertThat(all.get(0).againstSeconds("theirs", all)).contains(4.0);
    assertThat(all.get(0).againstRate("theirs", all)).contains(4.0);
    assertThat(all.get(0).againstSeconds("absent", all)).isEmpty();
  }

  private static Outcome outcome(String name, double seconds, double rate) {
    return new Outcome(name, seconds, 1, rate, Optional.empty(), Duration.ZERO, Duration.ZERO, 0);
  }
}
