package dev.outbox.writer.spring;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Finds the mapping of a domain event. Safe for use by several threads. */
final class OutboxMappings {

  private final List<OutboxMapping<?>> mappings;
  private final Map<Class<?>, Optional<OutboxMapping<?>>> found = new ConcurrentHashMap<>();

  /**
   * @throws IllegalStateException for two mappings of one type
   */
  OutboxMappings(List<OutboxMapping<?>> mappings) {
    this.mappings = List.copyOf(mappings);
    this.mappings.stream()
        .collect(Collectors.groupingBy(OutboxMapping::type, Collectors.counting()))
        .forEach(OutboxMappings::requireOne);
  }

  private static void requireOne(Class<?> type, long count) {
    if (count > 1) {
      throw new IllegalStateException(
          "%d beans of type OutboxMapping are for %s. Keep one; ofSeveral(…) makes several events of one."
              .formatted(count, type.getName()));
    }
  }

  /** The most specific mapping for objects of this class. */
  Optional<OutboxMapping<?>> forClass(Class<?> type) {
    return found.computeIfAbsent(type, this::find);
  }

  private Optional<OutboxMapping<?>> find(Class<?> type) {
    List<OutboxMapping<?>> fitting =
        mappings.stream().filter(mapping -> mapping.type().isAssignableFrom(type)).toList();
    if (fitting.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        fitting.stream()
            .filter(mapping -> isMostSpecific(mapping, fitting))
            .findFirst()
            .orElseThrow(() -> ambiguous(type, fitting)));
  }

  private static boolean isMostSpecific(OutboxMapping<?> mapping, List<OutboxMapping<?>> fitting) {
    return fitting.stream().allMatch(other -> other.type().isAssignableFrom(mapping.type()));
  }

  private static IllegalStateException ambiguous(Class<?> type, List<OutboxMapping<?>> fitting) {
    return new IllegalStateException(
        "Cannot map %s to an event of the outbox: none of the mappings for %s is more specific than the others. Add an OutboxMapping for %s itself."
            .formatted(
                type.getName(),
                fitting.stream()
                    .map(OutboxMapping::type)
                    .map((Function<Class<?>, String>) Class::getName)
                    .collect(Collectors.joining(" and ")),
                type.getName()));
  }
}
