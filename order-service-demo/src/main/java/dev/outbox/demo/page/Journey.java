package dev.outbox.demo.page;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What has been seen of one event. Guarded by the lock of its {@link Journeys}. */
final class Journey {

  /**
   * Its row in the outbox.
   *
   * @param begunAt when its transaction began
   * @param committedAt when that committed; as begun where PostgreSQL does not keep commit times
   * @param transaction that wrote it
   * @param visibleBelow transactions with this number or a greater one began when the row could be
   *     seen, so whatever they wrote stands behind it in the log
   */
  record Row(
      UUID id,
      long seq,
      String aggregateType,
      String aggregateId,
      String type,
      Instant begunAt,
      Instant committedAt,
      long transaction,
      long visibleBelow) {}

  /**
   * Its record, the first one.
   *
   * @param position header {@code outbox-position}; empty when there is none
   */
  record Published(
      UUID id,
      String topic,
      int partition,
      long offset,
      String key,
      Instant appendedAt,
      String position) {}

  /** What a consumer did with it. */
  record Applied(UUID id, String consumer, Instant at) {}

  /** The relay has set it aside. */
  record Parked(UUID id, String state, String reason) {
    boolean isOut() {
      return !state.equals("released");
    }
  }

  final UUID id;

  /** By which its lateness is judged: when anything of it was seen first. */
  final Instant seenAt;

  final Map<String, Instant> effects = new TreeMap<>();
  @Nullable Row row;
  @Nullable Published published;
  @Nullable Instant publishedSeenAt;
  @Nullable Parked parked;

  /** Since when another event has been seen that it should have stood before. */
  @Nullable Instant overtakenAt;

  /** When each consumer that wants it was first seen to be past it without an effect. */
  final Map<String, Instant> passedAt = new HashMap<>();

  /** When the last look into the table for exactly this event began. */
  Instant lookedUpAt = Instant.MIN;

  Journey(UUID id, Instant seenAt) {
    this.id = id;
    this.seenAt = seenAt;
  }

  boolean isParked() {
    return published == null && parked != null && parked.isOut();
  }

  boolean hasAllEffects() {
    return row != null && effects.keySet().containsAll(ExpectedEffects.of(row.aggregateType()));
  }

  /** Nothing more is awaited of it. */
  boolean isSettled() {
    return row != null && (isParked() || (published != null && hasAllEffects()));
  }
}
