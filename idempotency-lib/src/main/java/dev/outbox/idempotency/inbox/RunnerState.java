package dev.outbox.idempotency.inbox;

import java.time.Duration;

/** Where a runner is in its life. */
public sealed interface RunnerState {

  /** Built, not started. */
  record Created() implements RunnerState {}

  /** Checking the table and joining the consumer group. */
  record Starting() implements RunnerState {}

  /** Member of the group and applying events, or waiting for some. */
  record Running() implements RunnerState {}

  /**
   * Something failed and is rolled back; the runner stays in the group and tries again by itself.
   * Partitions that are not concerned flow on.
   *
   * @param attempt how often it has failed, from 1
   * @param pause how long until the next attempt
   * @param cause why; its message may carry data of the event
   */
  record Retrying(int attempt, Duration pause, Throwable cause) implements RunnerState {}

  /** Asked to pause; still a member of the group, with nothing in hand. */
  record Paused() implements RunnerState {}

  /** Finishing the batch in hand and leaving the group. */
  record Stopping() implements RunnerState {}

  /** Ended because it was asked to. */
  record Stopped() implements RunnerState {}

  /**
   * Ended because going on would lose or repeat an event, or cannot succeed.
   *
   * @param cause why, and what to do about it
   */
  record Failed(Throwable cause) implements RunnerState {}
}
