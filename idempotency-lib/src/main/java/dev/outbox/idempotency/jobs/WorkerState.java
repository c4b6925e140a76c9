package dev.outbox.idempotency.jobs;

/** Where a worker is in its life. */
public sealed interface WorkerState {

  /** Built, not started. */
  record Created() implements WorkerState {}

  /** Taking jobs, or waiting for some. */
  record Running() implements WorkerState {}

  /**
   * The database refuses or does not answer; the worker tries again by itself.
   *
   * @param cause why; its message may carry data of a job
   */
  record DatabaseAway(Throwable cause) implements WorkerState {}

  /** Takes no more jobs and finishes those in hand. */
  record Stopping() implements WorkerState {}

  /** Ended because it was asked to. */
  record Stopped() implements WorkerState {}
}
