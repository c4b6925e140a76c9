package dev.outbox.idempotency.jobs;

import java.nio.charset.StandardCharsets;

/** One attempt at a job, as the handler is given it. */
public final class JobAttempt {

  private final JobKey key;
  private final byte[] payload;
  private final int number;

  JobAttempt(JobKey key, byte[] payload, int number) {
    this.key = key;
    this.payload = payload;
    this.number = number;
  }

  public JobKey key() {
    return key;
  }

  /**
   * To be passed on to the receiver at every attempt; what happened at an earlier one is often not
   * known.
   *
   * @see JobKey#idempotencyKey
   */
  public String idempotencyKey() {
    return key.idempotencyKey();
  }

  public byte[] payload() {
    return payload.clone();
  }

  /** The payload read as UTF-8. */
  public String text() {
    return new String(payload, StandardCharsets.UTF_8);
  }

  /** Which attempt this is, from 1; begins anew after a retry by hand. */
  public int number() {
    return number;
  }
}
