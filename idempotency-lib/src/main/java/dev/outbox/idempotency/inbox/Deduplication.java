package dev.outbox.idempotency.inbox;

/** How a runner recognises what it has seen. */
public sealed interface Deduplication {

  /**
   * By a marker for each event. Needs no order, takes any publisher, and space for a row for each
   * event as long as a redelivery is possible.
   *
   * @param keys what makes two records the same event
   */
  record ByKey(EventKeys keys) implements Deduplication {}

  /**
   * By one high-water mark for each partition, from the relay's {@code outbox-position}. Constant
   * space and no retention; {@code docs/consuming-events.md} lists what must hold.
   *
   * @param newEpoch what to make of positions that begin anew
   * @param replays what to make of events that a replay of the relay publishes again
   */
  record ByPosition(NewEpoch newEpoch, Replays replays) implements Deduplication {}

  /** The default. */
  static Deduplication byEventId() {
    return new ByKey(EventKeys.eventId());
  }

  static Deduplication byKey(EventKeys keys) {
    return new ByKey(keys);
  }

  /** Refuses doubtful positions of a new epoch and applies replays. */
  static Deduplication byPosition() {
    return new ByPosition(NewEpoch.REFUSE, Replays.APPLY);
  }
}
