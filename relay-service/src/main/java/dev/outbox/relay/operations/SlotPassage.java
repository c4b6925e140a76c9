package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.slot.SlotStatus;
import dev.outbox.relay.slot.SlotWatch;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Waits until the slot's confirmed position has passed a place of the log: until then a transaction
 * that committed before that place may still be under way, afterwards all of them are dealt with.
 * Where the outbox is divided and no shard is meant, each shard's slot has to pass it.
 */
final class SlotPassage {

  private static final Duration LOOK_EVERY = Duration.ofMillis(250);

  private final Map<String, SlotWatch> watches = new LinkedHashMap<>();

  SlotPassage(SourceDatabase database, RelaySettings settings) {
    settings
        .eachShard()
        .forEach(shard -> watches.put(shard.slot(), new SlotWatch(database, shard)));
  }

  /**
   * The slot was looked at; of several the one that is furthest behind.
   *
   * @param confirmed its confirmed position; 0 when it has none
   * @param detail how it is, for people
   */
  record Look(long confirmed, String detail) {}

  /**
   * The slot that has never been made.
   *
   * @return its name; empty when there is every slot
   */
  Optional<String> missing() {
    return watches.entrySet().stream()
        .filter(watch -> watch.getValue().status().isEmpty())
        .map(Map.Entry::getKey)
        .findFirst();
  }

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
      Look look = look();
      looked.accept(look);
      if (look.confirmed() != 0 && Long.compareUnsigned(look.confirmed(), lsn) >= 0) {
        return true;
      }
      if (System.nanoTime() - begun >= patience.toNanos()) {
        return false;
      }
      // An idle relay has nothing to confirm until something follows; it confirms what lies before.
      long unused = watches.values().iterator().next().beat();
      Thread.sleep(LOOK_EVERY.toMillis());
    }
  }

  private Look look() {
    return watches.entrySet().stream()
        .map(watch -> look(watch.getKey(), watch.getValue().status()))
        .min((one, other) -> Long.compareUnsigned(one.confirmed(), other.confirmed()))
        .orElseThrow();
  }

  private static Look look(String slot, Optional<SlotStatus> status) {
    Long confirmed = status.map(SlotStatus::confirmedLsn).orElse(null);
    return new Look(confirmed == null ? 0 : confirmed, describe(slot, status));
  }

  private static String describe(String slot, Optional<SlotStatus> status) {
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
