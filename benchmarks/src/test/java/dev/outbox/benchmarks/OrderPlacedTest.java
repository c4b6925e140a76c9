package dev.outbox.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrderPlacedTest {

  @ParameterizedTest
  @ValueSource(longs = {1, 4_711, 12_345_678})
  void allEventsAreOfTheSameSizeAndDiffer(long order) {
    String json = OrderPlaced.of(order, 0).json();
    assertThat(json).hasSize(OrderPlaced.JSON_BYTES).contains("\"order-" + order + "\"");
    assertThat(OrderPlaced.of(order, 10).json()).hasSize(OrderPlaced.JSON_BYTES).isNotEqualTo(json);
  }
}
