package dev.outbox.idempotency.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class JobKeyTest {

  @Test
  void theKeyForTheReceiverNeverChanges() {
    // Jobs of an older release are sent again by a newer one, so this value is a contract.
    assertThat(new JobKey("user 1", "order-shipped", "order 42").idempotencyKey())
        .isEqualTo("d4cc9c8a-a943-849c-bd50-28880973e725");
  }

  @Test
  void partsThatReadTheSameWhenJoinedAreDifferentKeys() {
    assertThat(
            Stream.of(
                    new JobKey("ab", "c", "d"),
                    new JobKey("a", "bc", "d"),
                    new JobKey("a", "b", "cd"))
                .map(JobKey::idempotencyKey))
        .doesNotHaveDuplicates();
  }

  @Test
  void whatTheIndexWouldRefuseIsRefusedByName() {
    assertThatThrownBy(() -> new JobKey(" ", "type", "id"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("recipient is blank");
    assertThatThrownBy(() -> new JobKey("user", "ty\0pe", "id"))
        .hasMessageContaining("type is blank or contains NUL");
    assertThatThrownBy(() -> new JobKey("user", "type", "ü".repeat(513)))
        .hasMessageContaining("businessId has 1026 bytes")
        .hasMessageContaining("at most 1024");
    assertThatThrownBy(() -> new JobKey("\ud800", "type", "id"))
        .hasMessageContaining("recipient is not well-formed");
  }
}
