package dev.outbox.writer.test;

import dev.outbox.writer.OutboxEvent;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The error of an assertion, with all events that were appended. */
final class Difference {

  private Difference() {}

  static void require(
      String what, @Nullable Object expected, @Nullable Object actual, List<OutboxEvent> events) {
    if (!Objects.equals(expected, actual)) {
      throw new AssertionError(
          "%s: expected %s but was %s%nappended: %s"
              .formatted(what, expected, actual, listed(events)));
    }
  }

  private static String listed(List<OutboxEvent> events) {
    return events.isEmpty()
        ? "nothing"
        : events.stream()
            .map(OutboxEvent::toString)
            .collect(Collectors.joining("\n  ", "\n  ", ""));
  }
}
