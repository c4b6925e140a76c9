package dev.outbox.relay.operations;

import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.topics.TopicRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The highest position of each key, by partition, in the order of reading. For one thread. */
final class KeyPositions {

  private final PairTable highest = new PairTable();
  private final MessageDigest digest = sha256();

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Whether the position is beyond all earlier ones of the record's key in its partition. */
  boolean grows(TopicRecord record, SourcePosition position) {
    // Keys may be long and many, so their hashes stand for them.
    digest.update(record.topic().getBytes(StandardCharsets.UTF_8));
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(record.partition()).array());
    ByteBuffer key = ByteBuffer.wrap(digest.digest(record.key()));
    long keyHigh = key.getLong();
    long keyLow = key.getLong();
    long high =
        ((long) position.epoch() << Integer.SIZE) | (position.transaction() >>> Integer.SIZE);
    long low = (position.transaction() << Integer.SIZE) | Integer.toUnsignedLong(position.index());
    int place = highest.find(keyHigh, keyLow);
    if (place < 0) {
      highest.add(keyHigh, keyLow, high, low);
      return true;
    }
    int byHigh = Long.compareUnsigned(high, highest.number(place));
    boolean grows = byHigh == 0 ? Long.compareUnsigned(low, highest.other(place)) > 0 : byHigh > 0;
    if (grows) {
      highest.set(place, high, low);
    }
    return grows;
  }
}
