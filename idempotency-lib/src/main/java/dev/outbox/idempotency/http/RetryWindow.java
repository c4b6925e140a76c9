package dev.outbox.idempotency.http;

import java.time.Duration;

/**
 * How long a key must be remembered: as long as a repeat of the request can still arrive. A shorter
 * window makes a late repeat new work. {@code window = client retry time + partition time + clock
 * skew}.
 *
 * <p>24 hours are usual, 72 where phones and queued jobs are among the clients, longer where money
 * or law ask for it.
 *
 * @param clientRetryTime from a client's first attempt to its last one, queued jobs and phones that
 *     were switched off included
 * @param partitionTime how long the network, a queue or a proxy can hold an attempt back
 * @param clockSkew by how much the clocks of clients and servers may differ
 */
public record RetryWindow(Duration clientRetryTime, Duration partitionTime, Duration clockSkew) {

  /** The least anybody should use without a reason. */
  public static final Duration USUAL = Duration.ofHours(24);

  /** Clients retry for half a day, networks part for an hour, clocks differ by five minutes. */
  public static final RetryWindow DEFAULT =
      new RetryWindow(Duration.ofHours(12), Duration.ofHours(1), Duration.ofMinutes(5));

  public RetryWindow {
    checkNotNegative("client retry time", clientRetryTime);
    checkNotNegative("partition time", partitionTime);
    checkNotNegative("clock skew", clockSkew);
  }

  /** The shortest window that covers every repeat. */
  public Duration required() {
    return clientRetryTime.plus(partitionTime).plus(clockSkew);
  }

  /** {@link #USUAL}, or {@link #required()} where that is longer. */
  public Duration recommended() {
    return required().compareTo(USUAL) > 0 ? required() : USUAL;
  }

  /**
   * Refuse a window in which a repeat may be taken for new work.
   *
   * @param setting the name of what says the window, for the message
   * @throws WindowTooShortException when it is shorter than {@link #required()}
   */
  public void check(String setting, Duration window) {
    if (window.compareTo(required()) < 0) {
      throw new WindowTooShortException(
          ("%s is %s, shorter than the %s that client retry time %s + partition time %s + clock"
                  + " skew %s ask for: a late repeat would be taken for new work. Lengthen it, or"
                  + " lower those times if clients really give up sooner.")
              .formatted(setting, window, required(), clientRetryTime, partitionTime, clockSkew));
    }
  }

  private static void checkNotNegative(String what, Duration time) {
    if (time.isNegative()) {
      throw new IllegalArgumentException("%s is negative: %s".formatted(what, time));
    }
  }
}
