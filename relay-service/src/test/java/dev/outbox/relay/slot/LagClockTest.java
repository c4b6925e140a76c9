package dev.outbox.relay.slot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.support.HandSetClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class LagClockTest {

  private final HandSetClock clock = new HandSetClock();
  private final LagClock lag = new LagClock(clock);

  @Test
  void whatIsConfirmedDoesNotLag() {
    assertThat(lag.looked(100, 100)).isZero();
    clock.pass(Duration.ofHours(1));
    assertThat(lag.looked(100, 100)).isZero();
  }

  @Test
  void aPositionThatStandsLagsBySinceTheLogGrewBeyondIt() {
    lag.looked(100, 100);
    clock.pass(Duration.ofSeconds(2));
    lag.looked(110, 100);
    clock.pass(Duration.ofSeconds(30));
    assertThat(lag.looked(500, 100)).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void aPositionThatFollowsLagsByItsDistance() {
    for (long lsn = 100; lsn < 2_000; lsn += 100) {
      lag.looked(lsn, Math.max(0, lsn - 300));
      clock.pass(Duration.ofSeconds(2));
    }
    // 1,800 and 1,900 were written since 1,700 was.
    assertThat(lag.looked(2_000, 1_700)).isEqualTo(Duration.ofSeconds(4));
  }

  @Test
  void aLagOfDaysIsRememberedInLittleSpaceAndForgottenWhenItIsOver() {
    long looks = 100_000;
    for (long look = 1; look <= looks; look++) {
      lag.looked(look, 0);
      clock.pass(Duration.ofSeconds(2));
    }
    assertThat(lag.looked(looks + 1, 0)).isEqualTo(Duration.ofSeconds(2 * looks));
    // Half of it is caught up with; what is known of the rest is near enough.
    assertThat(lag.looked(looks + 2, looks / 2))
        .isBetween(Duration.ofSeconds(looks * 9 / 10), Duration.ofSeconds(looks));
    assertThat(lag.looked(looks + 3, looks + 3)).isZero();
  }
}
