package dev.outbox.relay.event;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SourcePositionTest {

  @Test
  void textHasFixedWidthAndAllThreeParts() {
    assertThat(new SourcePosition(1, 0x16b3748aL, 255).asText())
        .isEqualTo("00000001-0000000016b3748a-000000ff");
    assertThat(new SourcePosition(-1, -1, -1).asText())
        .isEqualTo("ffffffff-ffffffffffffffff-ffffffff");
  }

  @Test
  void textComparesAsThePositionDoes() {
    // Given positions of all magnitudes, beyond the signed range too
    Random random = new Random(1);
    List<SourcePosition> positions = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      positions.add(
          new SourcePosition(
              random.nextInt() >>> random.nextInt(32),
              random.nextLong() >>> random.nextInt(64),
              random.nextInt() >>> random.nextInt(32)));
    }
    // When they are sorted as positions and as text
    List<SourcePosition> byText = new ArrayList<>(positions);
    byText.sort(Comparator.comparing(SourcePosition::asText));
    positions.sort(Comparator.naturalOrder());
    // Then the order is the same
    assertThat(byText).isEqualTo(positions);
  }
}
