package dev.outbox.relay.operations;

import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.operations.AuditReport.Example;
import dev.outbox.relay.operations.AuditedRows.Match;
import dev.outbox.relay.topics.TopicRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Compares records, as they are read, with the rows and with the records before. One thread. */
final class TopicComparison {

  private static final int LOOK_UP = 1_000;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private final AuditedRows rows;
  private final KeyPositions positions = new KeyPositions();
  private final PairTable withoutRow = new PairTable();
  private final Map<String, Integer> topicNumbers = new HashMap<>();
  private final List<Stranger> toLookUp = new ArrayList<>();
  private final Findings duplicated = new Findings();
  private final Findings outOfOrder = new Findings();
  private final Findings unknown = new Findings();
  private long records;
  private long replayed;

  TopicComparison(AuditedRows rows) {
    this.rows = rows;
  }

  private record Stranger(UUID id, String place) {}

  long records() {
    return records;
  }

  long replayed() {
    return replayed;
  }

  Findings duplicated() {
    return duplicated;
  }

  Findings outOfOrder() {
    return outOfOrder;
  }

  /** Complete once {@link #finish} has been called. */
  Findings unknown() {
    return unknown;
  }

  void visit(TopicRecord record) {
    records++;
    boolean replay = record.replay() != null;
    if (replay) {
      replayed++;
    }
    UUID id = uuid(record.id());
    if (id == null) {
      unknown.add(
          () ->
              new Example("(none)", record.place() + " carries no event ID: not a relay's record"));
      return;
    }
    if (isFirst(id, record)) {
      requireOrder(record);
    } else if (!replay) {
      duplicated.add(() -> new Example(id.toString(), "again at " + record.place()));
    }
  }

  private boolean isFirst(UUID id, TopicRecord record) {
    Match match = rows.see(id, record.topic());
    if (match != Match.NONE) {
      return match == Match.FIRST;
    }
    // The same event may stand on several topics, which are told apart within the key.
    long topic = topicNumbers.computeIfAbsent(record.topic(), name -> topicNumbers.size()) * GOLDEN;
    long low = id.getLeastSignificantBits() ^ topic;
    if (withoutRow.find(id.getMostSignificantBits(), low) >= 0) {
      return false;
    }
    withoutRow.add(id.getMostSignificantBits(), low, 0, 0);
    toLookUp.add(new Stranger(id, record.place()));
    if (toLookUp.size() == LOOK_UP) {
      finish();
    }
    return true;
  }

  private void requireOrder(TopicRecord record) {
    SourcePosition position = position(record.position());
    if (position == null || !positions.grows(record, position)) {
      outOfOrder.add(
          () ->
              new Example(
                  String.valueOf(record.id()),
                  position == null
                      ? record.place() + " carries no position"
                      : record.place() + " at position " + position.asText()));
    }
  }

  /** Tells records of rows that are merely outside the range from those that have no row. */
  void finish() {
    Set<UUID> known = rows.withRow(toLookUp.stream().map(Stranger::id).toList());
    for (Stranger stranger : toLookUp) {
      if (!known.contains(stranger.id())) {
        unknown.add(() -> new Example(stranger.id().toString(), stranger.place()));
      }
    }
    toLookUp.clear();
  }

  private static @Nullable UUID uuid(@Nullable String text) {
    try {
      return text == null ? null : UUID.fromString(text);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static @Nullable SourcePosition position(@Nullable String text) {
    try {
      return text == null ? null : SourcePosition.parse(text);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
