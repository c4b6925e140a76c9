package dev.outbox.demo.page;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** What was done to the processes lately, for all viewers. */
final class HarmLog {

  private static final int LATEST = 20;

  /**
   * One deed.
   *
   * @param state {@code running}, {@code done} or {@code failed}
   * @param text for people; empty while it runs
   */
  record Entry(long number, Instant at, String harm, String state, String text) {}

  private final InstantSource clock;
  private final Deque<Entry> entries = new ArrayDeque<>();
  private long numbers;

  HarmLog(InstantSource clock) {
    this.clock = clock;
  }

  synchronized Entry begun(Harm harm) {
    Entry entry = new Entry(++numbers, clock.instant(), harm.path(), "running", "");
    entries.addFirst(entry);
    if (entries.size() > LATEST) {
      entries.removeLast();
    }
    return entry;
  }

  synchronized void ended(Entry entry, boolean well, String text) {
    Deque<Entry> after = new ArrayDeque<>();
    for (Entry each : entries) {
      after.addLast(
          each.number() == entry.number()
              ? new Entry(entry.number(), entry.at(), entry.harm(), well ? "done" : "failed", text)
              : each);
    }
    entries.clear();
    entries.addAll(after);
  }

  /** The newest first. */
  synchronized List<Entry> latest() {
    return List.copyOf(entries);
  }
}
