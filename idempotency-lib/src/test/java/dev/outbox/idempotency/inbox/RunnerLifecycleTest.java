package dev.outbox.idempotency.inbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RunnerLifecycleTest {

  private static final IOException FAILURE = new IOException("no");

  private final RunnerLifecycle lifecycle = new RunnerLifecycle();

  @BeforeEach
  void paused() {
    lifecycle.starting();
    lifecycle.running();
    lifecycle.requestPause(true);
    lifecycle.paused();
  }

  @Test
  void whatFailsWhileThePauseIsWaitedForDoesNotEndIt() {
    // When
    retrying();

    // Then
    assertThat(lifecycle.state()).isEqualTo(new RunnerState.Paused());
  }

  @Test
  void aRunnerThatGoesOnAndFailsIsRetryingAndNotPausedAnyMore() {
    // When
    lifecycle.requestPause(false);
    retrying();

    // Then
    assertThat(lifecycle.state()).isInstanceOf(RunnerState.Retrying.class);
    lifecycle.running();
    assertThat(lifecycle.state()).isEqualTo(new RunnerState.Running());
  }

  @Test
  void aStopWinsOverWhateverIsReportedAfterIt() {
    // When
    lifecycle.stopRequested();
    lifecycle.requestPause(false);
    retrying();
    lifecycle.running();
    lifecycle.paused();

    // Then
    assertThat(lifecycle.state()).isEqualTo(new RunnerState.Stopping());
  }

  private void retrying() {
    lifecycle.retrying(1, Duration.ofMillis(1), FAILURE);
  }
}
