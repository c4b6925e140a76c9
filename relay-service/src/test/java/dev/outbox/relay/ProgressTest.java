package dev.outbox.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.support.HandSetClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressTest {

  private final HandSetClock clock = new HandSetClock();
  private final Progress progress = new Progress(Duration.ofSeconds(10), clock);

  @Test
  void aSlotThatPassesEachHeartbeatIsNoStandstill() {
    for (long lsn = 100; lsn < 2_000; lsn += 100) {
      progress.beat(lsn);
      clock.pass(Duration.ofSeconds(10));
      progress.looked(lsn + 1, 0);
    }
    assertThat(progress.standstill()).isEmpty();
  }

  @Test
  void aSlotThatNeverPassesAHeartbeatStandsStill() {
    progress.looked(50L, 0);
    progress.beat(100);
    passLooking(Duration.ofSeconds(29), 50, 0);
    assertThat(progress.standstill()).isEmpty();
    passLooking(Duration.ofSeconds(3), 50, 0);
    assertThat(progress.standstill()).hasValueSatisfying(s -> assertThat(s).contains("slot"));
  }

  @Test
  void aLongTransactionThatIsBeingPublishedIsNoStandstill() {
    progress.beat(100);
    for (int published = 1; published < 100; published++) {
      passLooking(Duration.ofSeconds(2), 50, published);
    }
    assertThat(progress.standstill()).isEmpty();
  }

  @Test
  void aDatabaseThatDoesNotAnswerIsAStandstill() {
    progress.looked(50L, 0);
    clock.pass(Duration.ofSeconds(31));
    assertThat(progress.standstill()).hasValueSatisfying(s -> assertThat(s).contains("database"));
  }

  @Test
  void aNewRunBeginsAfresh() {
    progress.beat(100);
    clock.pass(Duration.ofMinutes(5));
    progress.begin();
    assertThat(progress.standstill()).isEmpty();
  }

  private void passLooking(Duration time, long confirmed, double published) {
    clock.pass(time);
    progress.looked(confirmed, published);
  }
}
