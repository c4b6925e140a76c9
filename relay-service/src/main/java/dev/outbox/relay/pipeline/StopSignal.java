package dev.outbox.relay.pipeline;

import java.time.Duration;

/** Whether the run is to end, and whether the time to end it gracefully is over. Thread-safe. */
final class StopSignal {

  private final Duration drainTimeout;
  private volatile boolean requested;
  private volatile long requestedNanos;

  StopSignal(Duration drainTimeout) {
    this.drainTimeout = drainTimeout;
  }

  void request() {
    if (!requested) {
      requestedNanos = System.nanoTime();
      requested = true;
    }
  }

  boolean isRequested() {
    return requested;
  }

  boolean isTimeOver() {
    return requested && System.nanoTime() - requestedNanos >= drainTimeout.toNanos();
  }
}
