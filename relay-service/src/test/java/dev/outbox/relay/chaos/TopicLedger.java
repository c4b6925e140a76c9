package dev.outbox.relay.chaos;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Judges records in the order of their partition: which are new, which are repeats, and whether
 * both stand in commit order. Safe for use by several threads.
 */
final class TopicLedger {

  private static final int TOLD = 10;

  private final Map<String, Arrival> first = new HashMap<>();
  private final Map<String, Long> highestNumber = new HashMap<>();
  private final Map<String, Runs> runs = new HashMap<>();
  private final Map<String, String> highestPosition = new HashMap<>();
  private final List<String> inversions = new ArrayList<>();
  private long records;
  private final List<String> someRepeats = new ArrayList<>();
  private long republished;

  /** The next record of its partition. */
  synchronized void take(Arrival record) {
    records++;
    @Nullable Arrival before = first.putIfAbsent(record.id(), record);
    if (before == null) {
      takeFirst(record);
    } else if (someRepeats.size() < TOLD) {
      someRepeats.add("%s after %s".formatted(record, before));
    }
    if (before != null && !before.position().equals(record.position())) {
      republished++;
    }
    Runs ofKey = runs.computeIfAbsent(record.key(), key -> new Runs());
    if (!ofKey.take(record.number())) {
      inversions.add("%s continues no run of its key, %s".formatted(record, ofKey));
    }
  }

  private void takeFirst(Arrival record) {
    long number = highestNumber.getOrDefault(record.key(), 0L);
    if (record.number() < number) {
      inversions.add("%s comes after number %d of its key".formatted(record, number));
    }
    highestNumber.put(record.key(), Math.max(number, record.number()));
    String position = highestPosition.getOrDefault(record.partition(), "");
    if (record.position().compareTo(position) <= 0) {
      inversions.add("%s comes after position %s of its partition".formatted(record, position));
    } else {
      highestPosition.put(record.partition(), record.position());
    }
  }

  /** Whatever stands in no order, told in words. */
  synchronized List<String> inversions() {
    return List.copyOf(inversions);
  }

  /** Those of these events that have not arrived. */
  synchronized List<CommittedEvent> missing(Collection<CommittedEvent> events) {
    return events.stream().filter(event -> !first.containsKey(event.id())).toList();
  }

  /** How an event arrived first; null when it has not. */
  synchronized @Nullable Arrival arrival(String id) {
    return first.get(id);
  }

  /** Events that have arrived. */
  synchronized long events() {
    return first.size();
  }

  /** Records read. */
  synchronized long records() {
    return records;
  }

  /** Records of events that had arrived before. */
  synchronized long repeats() {
    return records - first.size();
  }

  /** The first repeats, told in words. */
  synchronized List<String> someRepeats() {
    return List.copyOf(someRepeats);
  }

  /** Repeats at another position than before: published again on purpose. */
  synchronized long republished() {
    return republished;
  }
}
