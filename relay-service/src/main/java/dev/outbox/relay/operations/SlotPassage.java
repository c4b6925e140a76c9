package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.slot.SlotStatus;
import dev.outbox.relay.slot.SlotWatch;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

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
   * The slot was looked at.
   *
   * @param confirmed its confirmed position; 0 when it has none
   * @param detail how it is, for people
   */
  record Look(long confirmed, String detail) {}

  /**
   * Waits, looking several times a second.
   *
   * @param lsn the place
   * @param patience longest wait; zero looks once
   * @param looked told of each look, the last one included
   * @return whether the slot has passed it
   */
  boolean await(long lsn, Duration patience, Consumer<Look> looked) throws InterruptedException {
    long begun = System.nanoTime();
    while (true) {
      Optional<SlotStatus> status = watch.status();
      Long confirmed = status.map(SlotStatus::confirmedLsn).orElse(null);
      looked.accept(new Look(confirmed == null ? 0 : confirmed, describe(status)));
      if (confirmed != null && Long.compareUnsigned(confirmed, lsn) >= 0) {
        return true;
      }
      if (System.nanoTime() - begun >= patience.toNanos()) {
        return false;
      }
      // An idle relay has nothing to confirm until something follows; it confirms what lies before.
      long unused = watch.beat();
      Thread.sleep(LOOK_EVERY.toMillis());
    }
  }

  private String describe(Optional<SlotStatus> status) {
    return status
        .map(
            now ->
                "slot %s at %s, %d bytes behind%s"
                    .formatted(
                        slot,
                        now.confirmedText(),
                        now.lagBytes(),
                        now.activePid() == null ? "; no relay reads from it" : ""))
        .orElse("slot %s does not exist".formatted(slot));
  }
}
