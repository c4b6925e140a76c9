package dev.outbox.demo.page;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** Whether a server answers, as its reader sees it. Any thread may ask. */
final class Availability {

  /** A look that takes longer counts as no answer. */
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private final InstantSource clock;
  private volatile Instant answeredAt;
  private volatile boolean failed;

  Availability(InstantSource clock) {
    this.clock = clock;
    // Innocent until it has had the time to answer.
    this.answeredAt = clock.instant();
  }

  void answered() {
    answeredAt = clock.instant();
    failed = false;
  }

  void failed() {
    failed = true;
  }

  boolean isUp() {
    return !failed && answeredAt.plus(PATIENCE).isAfter(clock.instant());
  }
}
