package dev.outbox.idempotency.inbox;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;

/**
 * A high-water mark: everything at or before it was seen.
 *
 * @param position of the last event seen; {@link OutboxPosition#NONE} before the first
 */
record Mark(OutboxPosition position) {

  /** Positions grow along one of these. */
  record Stream(String topic, int partition, String source) {

    /** Rows are always locked in this order, so that overlapping batches cannot deadlock. */
    static final Comparator<Stream> LOCK_ORDER =
        Comparator.comparing(Stream::topic)
            .thenComparingInt(Stream::partition)
            .thenComparing(Stream::source);

    static Stream of(RecordPosition record) {
      return new Stream(record.topic(), record.partition(), record.source());
    }
  }

  static List<Stream> streamsOf(Collection<RecordPosition> records) {
    return records.stream().map(Stream::of).distinct().sorted(Stream.LOCK_ORDER).toList();
  }

  /** Whether an event at this position is new, and moves the mark. */
  boolean isPassedBy(
      OutboxPosition next, NewEpoch newEpoch, Supplier<PositionRefusedException> refusal) {
    if (position.equals(OutboxPosition.NONE)) {
      return true;
    }
    if (!next.isOfLaterEpochThan(position) || next.isFurtherInTheLogThan(position)) {
      return next.compareTo(position) > 0;
    }
    return switch (newEpoch) {
      case REFUSE -> throw refusal.get();
      case SAME_LOG -> false;
      case NEW_LOG -> true;
    };
  }
}
