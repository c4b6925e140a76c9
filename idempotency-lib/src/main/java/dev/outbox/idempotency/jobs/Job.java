package dev.outbox.idempotency.jobs;

import java.nio.charset.StandardCharsets;

/** A side effect to be carried out once. Immutable. */
public final class Job {

  private final JobKey key;
  private final byte[] payload;

  private Job(JobKey key, byte[] payload) {
    this.key = key;
    this.payload = payload;
  }

  /**
   * @param payload what the handler needs; handed to it as it is
   */
  public static Job of(JobKey key, byte[] payload) {
    return new Job(key, payload.clone());
  }

  /** With text, kept in UTF-8. */
  public static Job of(JobKey key, String payload) {
    return new Job(key, payload.getBytes(StandardCharsets.UTF_8));
  }

  public JobKey key() {
    return key;
  }

  public byte[] payload() {
    return payload.clone();
  }
}
