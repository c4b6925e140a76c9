package dev.outbox.idempotency.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.inbox.InboxTransactions;
import dev.outbox.idempotency.jobs.JobWorker.Builder;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Defaults, and what is refused. */
class JobSettingsTest {

  private static final InboxTransactions NEVER_USED = work -> {};

  @Test
  void defaultsAreAsDocumented() {
    assertThat(Builder.DEFAULT_CONCURRENCY).isEqualTo(8);
    assertThat(Builder.DEFAULT_MAX_ATTEMPTS).isEqualTo(20);
    assertThat(Builder.DEFAULT_LEASE).isEqualTo(Duration.ofSeconds(30));
    assertThat(Builder.DEFAULT_ATTEMPT_TIMEOUT).isEqualTo(Duration.ofMinutes(5));
    assertThat(Builder.DEFAULT_POLL_INTERVAL).isEqualTo(Duration.ofSeconds(1));
    assertThat(Builder.DEFAULT_STOP_TIMEOUT).isEqualTo(Duration.ofSeconds(20));
    assertThat(Builder.DEFAULT_RETENTION).isEqualTo(Duration.ofDays(30));
    assertThat(Backoff.DEFAULT).isEqualTo(new Backoff(Duration.ofSeconds(1), Duration.ofHours(1)));
    assertThat(Dispatcher.EXPIRY_BATCH).isEqualTo(1_000);
  }

  @Test
  void byDefaultAJobIsGivenUpAfterAboutEightHours() {
    Duration waits =
        IntStream.range(1, Builder.DEFAULT_MAX_ATTEMPTS)
            .mapToObj(Backoff.DEFAULT::withoutChance)
            .reduce(Duration.ZERO, Duration::plus);
    assertThat(waits).isBetween(Duration.ofHours(7), Duration.ofHours(9));
  }

  @Test
  void theWaitDoublesUpToItsLimitAndMayBeAFifthLonger() {
    Backoff backoff = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(10));
    assertThat(IntStream.of(1, 2, 3, 4, 5, 60).mapToObj(backoff::withoutChance))
        .extracting(Duration::toSeconds)
        .containsExactly(1L, 2L, 4L, 8L, 10L, 10L);
    assertThat(IntStream.range(0, 200).mapToObj(i -> backoff.after(2)))
        .allMatch(wait -> wait.toMillis() >= 2_000 && wait.toMillis() <= 2_400)
        .anyMatch(wait -> wait.toMillis() > 2_000);
  }

  @Test
  void whatIsMissingIsNamed() {
    assertThatThrownBy(() -> JobWorker.builder().build())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("dataSource");
    assertThatThrownBy(() -> JobWorker.builder().transactions(NEVER_USED).build())
        .hasMessageContaining("handler(type, handler)");
  }

  @Test
  void whatMakesNoSenseIsRefusedWithItsNameAndValue() {
    Builder builder = JobWorker.builder();
    assertThatThrownBy(() -> builder.concurrency(0)).hasMessage("concurrency(0): at least 1");
    assertThatThrownBy(() -> builder.maxAttempts(-1)).hasMessage("maxAttempts(-1): at least 1");
    assertThatThrownBy(() -> builder.lease(Duration.ZERO)).hasMessageContaining("lease(PT0S)");
    assertThatThrownBy(() -> builder.backoff(Duration.ofSeconds(2), Duration.ofSeconds(1)))
        .hasMessageContaining("backoff(PT2S, PT1S)");
    assertThatThrownBy(() -> JobOutcome.retry("x", Duration.ofDays(366)))
        .hasMessageContaining("retry after PT8784H");
    assertThatThrownBy(() -> JobOutcome.retry("x", Duration.ofSeconds(-1)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
