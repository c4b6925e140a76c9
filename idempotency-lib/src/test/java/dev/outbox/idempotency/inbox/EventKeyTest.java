package dev.outbox.idempotency.inbox;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventKeyTest {

  @ParameterizedTest
  @ValueSource(strings = {"", "  ", "a\0b", "\uD800"})
  void textThatPostgresqlCannotStoreIsRefusedWhereItComesIn(String text) {
    assertThatThrownBy(() -> new EventKey("orders", text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("id ");
    assertThatThrownBy(() -> new EventKey(text, "e1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("source ");
    assertThatThrownBy(() -> Inbox.forConsumer(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("consumer ");
  }

  @Test
  void textTooLongForTheIndexIsRefused() {
    assertThatThrownBy(() -> new EventKey("orders", "ä".repeat(513)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("id has 1026 bytes in UTF-8, at most 1024 fit the index");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "a\0b", "0123456789012345678901234567890123456789012345678901234567890123"})
  void anIdentifierThatPostgresqlWouldRefuseOrCutOffIsRefused(String name) {
    assertThatThrownBy(() -> InboxTable.named(name)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> InboxTable.in(name, "t")).isInstanceOf(IllegalArgumentException.class);
  }
}
