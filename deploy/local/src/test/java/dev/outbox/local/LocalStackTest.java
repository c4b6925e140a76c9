package dev.outbox.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LocalStackTest {

  @Test
  void anUnknownKindOfStackIsRefusedWithTheRemedy() {
    String before = System.setProperty("outbox.stack", "cloud");
    try {
      assertThatThrownBy(LocalStack::fromSystemProperties)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "System property outbox.stack = 'cloud' is unknown: set it to processes (the default) or containers");
    } finally {
      restore(before);
    }
  }

  @Test
  void nothingStartsUntilItIsAskedFor() {
    try (LocalStack stack =
        LocalStack.of(
            () -> LocalPostgres.builder().start(),
            () -> {
              throw new AssertionError("nobody asked for Kafka");
            })) {
      assertThat(stack.postgres()).isSameAs(stack.postgres());
    }
  }

  /** As it was: other tests of the run go by it. */
  private static void restore(@Nullable String kind) {
    if (kind == null) {
      System.clearProperty("outbox.stack");
    } else {
      System.setProperty("outbox.stack", kind);
    }
  }
}
