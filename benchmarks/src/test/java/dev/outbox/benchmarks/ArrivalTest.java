package dev.outbox.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ArrivalTest {

  private final Arrival.Collector collector = new Arrival.Collector(new Workload(4, 10, 1, 2, 1));

  @Test
  void partitionsMayBeReadInAnyOrder() {
    collector.add(2, 0, 1_200);
    collector.add(4, 0, 2_000);
    collector.add(1, 1, 1_000);
    collector.add(3, 1, 1_500);
    Arrival arrival = collector.arrival();
    assertThat(arrival).isEqualTo(new Arrival(4, 0, 0, 1_000, 1_500, 2_000));
    assertThat(arrival.steadyRate()).isEqualTo(4);
  }

  @Test
  void repeatsAreCountedAndNeitherEventsNorDisorder() {
    collector.add(1, 1, 1_000);
    collector.add(3, 1, 1_500);
    collector.add(1, 1, 1_600);
    assertThat(collector.arrival()).isEqualTo(new Arrival(2, 1, 0, 1_000, 1_500, 1_500));
  }

  @Test
  void anEventBehindAYoungerOneOfItsKeyIsDisorder() {
    collector.add(3, 1, 1_000);
    collector.add(2, 0, 1_000);
    collector.add(1, 1, 1_000);
    assertThat(collector.arrival().inversions()).isEqualTo(1);
  }

  @Test
  void payloadsBeginAndKeysEndWithANumber() {
    assertThat(Arrival.number("1204 xxx".getBytes(UTF_8))).isEqualTo(1204);
    assertThat(Arrival.number("order-77".getBytes(UTF_8), Workload.KEY_PREFIX.length()))
        .isEqualTo(77);
  }
}
