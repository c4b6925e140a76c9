package dev.outbox.demo.page;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which consumers are to leave an effect of which events: what the shop promises, said once more.
 */
final class ExpectedEffects {

  private static final Map<String, Set<String>> BY_AGGREGATE_TYPE =
      Map.of("Order", Set.of("stock", "notifications"), "Campaign", Set.of("ad-spend"));

  private ExpectedEffects() {}

  /** The consumers by their names in the table of effects. */
  static Set<String> of(String aggregateType) {
    return BY_AGGREGATE_TYPE.getOrDefault(aggregateType, Set.of());
  }

  /** All consumers. */
  static Set<String> consumers() {
    return BY_AGGREGATE_TYPE.values().stream()
        .flatMap(Set::stream)
        .collect(Collectors.toUnmodifiableSet());
  }
}
