package dev.outbox.idempotency.inbox;

import java.util.Comparator;
import java.util.regex.Pattern;

/**
 * Where the relay found an event in its source, from the record header {@code outbox-position}:
 * {@code epoch-transaction-index} in hexadecimal, 8, 16 and 8 digits. It grows along each partition
 * over the first occurrences of events, and an event that is published again after a crash has the
 * position it had before.
 *
 * @param epoch grows when the relay's slot begins anew, or the server is another or was promoted
 * @param transaction place of the transaction in the write-ahead log, as an unsigned number
 * @param index place within the transaction
 */
record OutboxPosition(int epoch, long transaction, int index)
    implements Comparable<OutboxPosition> {

  static final String HEADER = "outbox-position";

  /** Set beside {@link #HEADER} where the relay's outbox is divided into shards. */
  static final String SHARD_HEADER = "outbox-shard";

  /** Set beside {@link #HEADER} on what an operator's {@code replay} publishes once more. */
  static final String REPLAY_HEADER = "outbox-replay";

  /** Before every event. */
  static final OutboxPosition NONE = new OutboxPosition(0, 0, 0);

  private static final Pattern TEXT = Pattern.compile("[0-9a-f]{8}-[0-9a-f]{16}-[0-9a-f]{8}");
  private static final int TRANSACTION_START = 9;
  private static final int INDEX_START = 26;
  private static final int RADIX = 16;

  private static final Comparator<OutboxPosition> PLACE =
      Comparator.<OutboxPosition>comparingLong(p -> p.transaction + Long.MIN_VALUE)
          .thenComparingInt(p -> p.index + Integer.MIN_VALUE);

  /**
   * @throws IllegalArgumentException when the relay does not write such texts
   */
  static OutboxPosition parse(String text) {
    if (!TEXT.matcher(text).matches()) {
      throw new IllegalArgumentException(
          "header '%s' is not a position of the relay: %s".formatted(HEADER, text));
    }
    return new OutboxPosition(
        Integer.parseUnsignedInt(text.substring(0, TRANSACTION_START - 1), RADIX),
        Long.parseUnsignedLong(text.substring(TRANSACTION_START, INDEX_START - 1), RADIX),
        Integer.parseUnsignedInt(text.substring(INDEX_START), RADIX));
  }

  String asText() {
    return "%08x-%016x-%08x".formatted(epoch, transaction, index);
  }

  boolean isOfLaterEpochThan(OutboxPosition other) {
    return Integer.compareUnsigned(epoch, other.epoch) > 0;
  }

  /** Whether it stands behind the other in the write-ahead log, whatever the epochs. */
  boolean isFurtherInTheLogThan(OutboxPosition other) {
    return PLACE.compare(this, other) > 0;
  }

  @Override
  public int compareTo(OutboxPosition other) {
    int byEpoch = Integer.compareUnsigned(epoch, other.epoch);
    return byEpoch != 0 ? byEpoch : PLACE.compare(this, other);
  }
}
