package dev.outbox.relay.web.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LoginThrottleTest {

  private final AtomicLong nanos = new AtomicLong(5);
  private final LoginThrottle throttle = new LoginThrottle(nanos::get);

  @Test
  void eachFurtherGuessCostsTwiceTheWaitUpToAFewMinutes() {
    guess("10.0.0.1", 4);
    assertThat(throttle.wait("10.0.0.1")).isZero();
    guess("10.0.0.1", 1);
    assertThat(throttle.wait("10.0.0.1")).isEqualTo(Duration.ofSeconds(1));
    guess("10.0.0.1", 3);
    assertThat(throttle.wait("10.0.0.1")).isEqualTo(Duration.ofSeconds(8));
    nanos.addAndGet(Duration.ofSeconds(8).toNanos());
    assertThat(throttle.wait("10.0.0.1")).isZero();
    guess("10.0.0.1", 100);
    assertThat(throttle.wait("10.0.0.1")).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void othersDoNotWaitAndWhoKnowsThePasswordBeginsAnew() {
    guess("10.0.0.1", 10);
    assertThat(throttle.wait("10.0.0.2")).isZero();
    throttle.succeeded("10.0.0.1");
    assertThat(throttle.wait("10.0.0.1")).isZero();
  }

  @Test
  void whoHasNotGuessedWrongForAWhileBeginsAnew() {
    guess("10.0.0.1", 10);
    nanos.addAndGet(Duration.ofMinutes(14).toNanos());
    guess("10.0.0.1", 1);
    assertThat(throttle.wait("10.0.0.1")).isPositive();
    nanos.addAndGet(Duration.ofMinutes(15).toNanos());
    guess("10.0.0.1", 4);
    assertThat(throttle.wait("10.0.0.1")).isZero();
    guess("10.0.0.1", 1);
    assertThat(throttle.wait("10.0.0.1")).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void aNetworkOfVersionSixIsOneAddress() {
    for (int i = 0; i < 10; i++) {
      throttle.failed("2001:db8:1:2:0:0:0:" + Integer.toHexString(i + 1));
    }
    assertThat(throttle.wait("2001:db8:1:2:ffff:0:0:1")).isPositive();
    assertThat(throttle.wait("2001:db8:1:3:0:0:0:1")).isZero();
  }

  private void guess(String address, int times) {
    for (int i = 0; i < times; i++) {
      throttle.failed(address);
    }
  }
}
