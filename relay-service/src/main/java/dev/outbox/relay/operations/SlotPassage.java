package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.slot.SlotStatus;
import dev.outbox.relay.slot.SlotWatch;
import java.time.Duration;
import java.util.Optional;

/**
 * Waits until the slot's confirmed position has passed a place of the log: until then a transaction
 * that committed before that place may still be under way, afterwards all of them are dealt with.
 */
final class SlotPassage {

  private static final Duration LOOK_EVERY = Duration.ofMillis(250);

  private final SlotWatch watch;
  private final String slot;

  SlotPassage(SourceDatabase database, RelaySettings settings) {
    this.watch = new SlotWatch(database, settings);
    this.slot = settings.slot();
  }

  /**
   * Waits, looking several times a second.
   *
   * @param lsn the place
   * @param patience longest wait
   * @return whether the slot has passed it
   */
  boolean await(long lsn, Duration patience, ProgressLine progress) throws InterruptedException {
    long begun = System.nanoTime();
    while (true) {
      Optional<SlotStatus> status = watch.status();
      if (status.map(now -> hasPassed(now, lsn)).orElse(false)) {
        return true;
      }
      if (System.nanoTime() - begun >= patience.toNanos()) {
        return false;
      }
      progress.at(() -> describe(status));
      // An idle relay has nothing to confirm until something follows; it confirms what lies before.
      long unused = watch.beat();
      Thread.sleep(LOOK_EVERY.toMillis());
    }
  }

  private static boolean hasPassed(SlotStatus status, long lsn) {
    Long confirmed = status.confirmedLsn();
    return confirmed != null && Long.compareUnsigned(confirmed, lsn) >= 0;
  }

  private String describe(Optional<SlotStatus> status) {
    return status
        .map(
            now ->
                "Waiting for slot %s, at %s, %d bytes behind%s"
                    .formatted(
                        slot,
                        now.confirmedText(),
                        now.lagBytes(),
                        now.activePid() == null ? "; no relay reads from it" : ""))
        .orElse("Waiting for slot %s, which does not exist".formatted(slot));
  }
}
