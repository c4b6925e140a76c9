package dev.outbox.relay.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FaultPlanTest {

  private static final Set<FaultKind> ALL = EnumSet.allOf(FaultKind.class);

  @Test
  void aSeedGivesTheSameFaultsAgain() {
    assertThat(faults(42, ALL)).isEqualTo(faults(42, ALL)).isNotEqualTo(faults(43, ALL));
  }

  @Test
  void everyKindIsDrawnAndNoOther() {
    assertThat(faults(1, ALL).stream().map(Fault::kind).collect(Collectors.toSet())).isEqualTo(ALL);
    assertThat(faults(1, Set.of(FaultKind.SLOT_DROP)).stream().map(Fault::kind))
        .containsOnly(FaultKind.SLOT_DROP);
  }

  private static List<Fault> faults(long seed, Set<FaultKind> kinds) {
    return Stream.generate(new FaultPlan(seed, kinds)::next).limit(500).toList();
  }
}
