package dev.outbox.relay.slot;

import java.time.Clock;

/**
 * Numbers for epochs. Positions must grow also where the database has forgotten, as after a restore
 * of a backup, which epochs there were; so a new epoch is at least the time of day.
 */
final class Epochs {

  /** 2020-01-01T00:00:00Z; the column holds seconds since then until 2088. */
  private static final long ORIGIN_SECONDS = 1_577_836_800L;

  private Epochs() {}

  /** The first epoch of a relay. */
  static int first() {
    return after(0, 1);
  }

  /**
   * An epoch behind another.
   *
   * @param more least distance
   */
  static int after(int epoch, int more) {
    long now = Clock.systemUTC().instant().getEpochSecond() - ORIGIN_SECONDS;
    return (int) Math.max(epoch + (long) more, now);
  }
}
