package dev.outbox.relay.slot;

import dev.outbox.relay.config.Shard;
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
  static int first(Shard shard) {
    return after(0, 1, shard);
  }

  /**
   * An epoch behind another. Shards have epochs of their own, so that the positions of their events
   * are never the same; and each epoch has the one before it to itself, for a recovery.
   *
   * @param more least distance
   */
  static int after(int epoch, int more, Shard shard) {
    long now = Clock.systemUTC().instant().getEpochSecond() - ORIGIN_SECONDS;
    long least = Math.max(epoch + (long) more, now);
    return shard.isPart()
        ? (int) (least + Math.floorMod(2L * shard.index() - 1 - least, 2L * shard.count()))
        : (int) least;
  }
}
