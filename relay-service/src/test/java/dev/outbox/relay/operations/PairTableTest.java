package dev.outbox.relay.operations;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class PairTableTest {

  @Test
  void whatWasAddedIsFoundHoweverLargeTheTableHasBecome() {
    // Given many keys that share their first half, as event IDs of one moment do
    PairTable table = new PairTable();
    Map<UUID, Long> expected = new HashMap<>();
    for (long i = 0; i < 100_000; i++) {
      UUID key = new UUID(i / 5_000, i * 7);
      expected.put(key, i);
      table.add(key.getMostSignificantBits(), key.getLeastSignificantBits(), i, -i);
    }
    // Then each has its numbers, and no other is there
    assertThat(table.size()).isEqualTo(expected.size());
    expected.forEach(
        (key, number) -> {
          int place = table.find(key.getMostSignificantBits(), key.getLeastSignificantBits());
          assertThat(table.number(place)).isEqualTo(number);
          assertThat(table.other(place)).isEqualTo(-number);
        });
    assertThat(table.find(99, 1)).isNegative();
    Map<UUID, Long> walked = new HashMap<>();
    table.forEachPlace(
        place -> walked.put(new UUID(table.high(place), table.low(place)), table.number(place)));
    assertThat(walked).isEqualTo(expected);
  }

  @Test
  void theKeyOfOnlyZerosIsAKeyLikeAnyOther() {
    PairTable table = new PairTable();
    assertThat(table.find(0, 0)).isNegative();
    table.add(0, 0, 1, 2);
    assertThat(table.number(table.find(0, 0))).isEqualTo(1);
  }

  @Test
  void numbersCanBeChanged() {
    PairTable table = new PairTable();
    table.add(1, 2, 3, 4);
    table.set(table.find(1, 2), 5, 6);
    assertThat(table.number(table.find(1, 2))).isEqualTo(5);
    assertThat(table.other(table.find(1, 2))).isEqualTo(6);
  }
}
