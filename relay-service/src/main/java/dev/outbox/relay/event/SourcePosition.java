package dev.outbox.relay.event;

import java.util.regex.Pattern;

/**
 * Where an event stands in the source: comparable, the same whenever the same event is read again,
 * and growing in commit order.
 *
 * <p>Change LSNs do not grow in commit order when transactions interleave, so an event's position
 * is made of the end of the commit before its transaction and of its index within the transaction.
 *
 * @param epoch grows when the slot begins anew or the server's identity or timeline changes, so
 *     that positions keep growing although LSNs may not
 * @param transaction end LSN of the commit that the slot delivered before this event's transaction,
 *     or the slot's confirmed position where there was none; confirming this LSN to PostgreSQL has
 *     the event's whole transaction sent again after a restart, and nothing before it
 * @param index place within the transaction, counted from 0 over the events that the slot delivers
 */
public record SourcePosition(int epoch, long transaction, int index)
    implements Comparable<SourcePosition> {

  /**
   * Places of a transaction that belong to one control message: the events that it publishes are
   * counted within them, so that they stand before whatever follows it in its transaction.
   */
  public static final int CONTROL_SPAN = 1 << 24;

  private static final char[] HEX = "0123456789abcdef".toCharArray();
  private static final int EPOCH_DIGITS = 8;
  private static final int TRANSACTION_DIGITS = 16;
  private static final int INDEX_DIGITS = 8;
  private static final int RADIX = 16;
  private static final Pattern TEXT = Pattern.compile("[0-9a-f]{8}-[0-9a-f]{16}-[0-9a-f]{8}");

  @Override
  public int compareTo(SourcePosition other) {
    int byEpoch = Integer.compareUnsigned(epoch, other.epoch);
    if (byEpoch != 0) {
      return byEpoch;
    }
    int byTransaction = Long.compareUnsigned(transaction, other.transaction);
    return byTransaction != 0 ? byTransaction : Integer.compareUnsigned(index, other.index);
  }

  /**
   * The place of an event that is published by the control message at this position.
   *
   * @param offset counted from 0, below {@link #CONTROL_SPAN}
   */
  public SourcePosition within(int offset) {
    if (offset < 0 || offset >= CONTROL_SPAN) {
      throw new IllegalArgumentException(
          "a control message has " + CONTROL_SPAN + " places, asked for " + offset);
    }
    return new SourcePosition(epoch, transaction, index + offset);
  }

  /**
   * The position of a text.
   *
   * @throws IllegalArgumentException when {@link #asText} does not write such texts
   */
  public static SourcePosition parse(String text) {
    if (!TEXT.matcher(text).matches()) {
      throw new IllegalArgumentException("not a position: " + text);
    }
    int transactionStart = EPOCH_DIGITS + 1;
    int indexStart = transactionStart + TRANSACTION_DIGITS + 1;
    return new SourcePosition(
        Integer.parseUnsignedInt(text.substring(0, EPOCH_DIGITS), RADIX),
        Long.parseUnsignedLong(text.substring(transactionStart, indexStart - 1), RADIX),
        Integer.parseUnsignedInt(text.substring(indexStart), RADIX));
  }

  /**
   * The position as text of fixed width, {@code epoch-transaction-index} in hexadecimal: comparing
   * two of them as text gives the same order as {@link #compareTo}.
   */
  public String asText() {
    char[] text = new char[EPOCH_DIGITS + 1 + TRANSACTION_DIGITS + 1 + INDEX_DIGITS];
    writeHex(text, 0, EPOCH_DIGITS, epoch);
    text[EPOCH_DIGITS] = '-';
    writeHex(text, EPOCH_DIGITS + 1, TRANSACTION_DIGITS, transaction);
    text[EPOCH_DIGITS + 1 + TRANSACTION_DIGITS] = '-';
    writeHex(text, EPOCH_DIGITS + TRANSACTION_DIGITS + 2, INDEX_DIGITS, index);
    return new String(text);
  }

  private static void writeHex(char[] text, int start, int digits, long value) {
    long rest = value;
    for (int i = start + digits - 1; i >= start; i--) {
      text[i] = HEX[(int) (rest & 0xf)];
      rest >>>= 4;
    }
  }
}
