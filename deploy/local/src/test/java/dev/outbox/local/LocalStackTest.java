package dev.outbox.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class LocalStackTest {

  @Test
  void anUnknownKindOfStackIsRefusedWithTheRemedy() {
    System.setProperty("outbox.stack", "cloud");
    try {
      assertThatThrownBy(LocalStack::fromSystemProperties)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "System property outbox.stack = 'cloud' is unknown: set it to processes (the default) or containers");
    } finally {
      System.clearProperty("outbox.stack");
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
}
