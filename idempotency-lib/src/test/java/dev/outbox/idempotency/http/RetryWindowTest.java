package dev.outbox.idempotency.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RetryWindowTest {

  private static final RetryWindow PHONES =
      new RetryWindow(Duration.ofHours(70), Duration.ofMinutes(90), Duration.ofMinutes(30));

  @Test
  void theWindowIsClientRetryTimePlusPartitionTimePlusClockSkew() {
    assertThat(PHONES.required()).isEqualTo(Duration.ofHours(72));
    assertThat(RetryWindow.DEFAULT.required()).isEqualTo(Duration.parse("PT13H5M"));
  }

  @Test
  void recommendedIsADayUnlessMoreIsNeeded() {
    assertThat(RetryWindow.DEFAULT.recommended()).isEqualTo(Duration.ofHours(24));
    assertThat(PHONES.recommended()).isEqualTo(Duration.ofHours(72));
  }

  @Test
  void aWindowShorterThanComputedIsRefusedWithTheSum() {
    assertThatThrownBy(() -> PHONES.check("outbox.idempotency.window", Duration.ofHours(71)))
        .isInstanceOf(WindowTooShortException.class)
        .hasMessageContaining("outbox.idempotency.window is PT71H")
        .hasMessageContaining("PT72H")
        .hasMessageContaining("PT70H + partition time PT1H30M + clock skew PT30M");
    assertThatCode(() -> PHONES.check("window", Duration.ofHours(72))).doesNotThrowAnyException();
    assertThatCode(() -> PHONES.check("window", Duration.ofDays(365))).doesNotThrowAnyException();
  }

  @Test
  void timesAreNotNegative() {
    assertThatThrownBy(() -> new RetryWindow(Duration.ZERO, Duration.ofSeconds(-1), Duration.ZERO))
        .hasMessage("partition time is negative: PT-1S");
  }
}
