package dev.outbox.relay.recovery;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;

/**
 * Rows that may have to be published, in the order of their numbers: some tens of bytes for each,
 * found by event ID. For one thread.
 */
final class Candidates {

  private static final int FREE = -1;

  private final long[] seqs;
  private final long[] highs;
  private final long[] lows;
  private final int[] bytes;
  private final int[] places;
  private final BitSet known = new BitSet();
  private final Set<String> aggregateTypes = new HashSet<>();
  private int size;

  /**
   * @param capacity most rows
   */
  Candidates(int capacity) {
    seqs = new long[capacity];
    highs = new long[capacity];
    lows = new long[capacity];
    bytes = new int[capacity];
    // At most half full, so that looking for what is not there ends soon.
    places = new int[Integer.highestOneBit(Math.max(capacity, 1)) * 4];
    Arrays.fill(places, FREE);
  }

  void add(long seq, UUID id, int size, String aggregateType) {
    seqs[this.size] = seq;
    highs[this.size] = id.getMostSignificantBits();
    lows[this.size] = id.getLeastSignificantBits();
    bytes[this.size] = size;
    places[place(id)] = this.size;
    aggregateTypes.add(aggregateType);
    this.size++;
  }

  /** Where the ID is, or the free place where it would be. */
  private int place(UUID id) {
    int place = (int) mix(id.getMostSignificantBits() ^ id.getLeastSignificantBits());
    while (true) {
      place &= places.length - 1;
      int row = places[place];
      if (row == FREE
          || (highs[row] == id.getMostSignificantBits()
              && lows[row] == id.getLeastSignificantBits())) {
        return place;
      }
      place++;
    }
  }

  private static long mix(long bits) {
    long mixed = bits * 0x9e3779b97f4a7c15L;
    return mixed ^ (mixed >>> 32);
  }

  /** The row with this ID, if it is one, need not be published. */
  void exclude(UUID id) {
    int row = places[place(id)];
    if (row != FREE) {
      known.set(row);
    }
  }

  boolean isExcluded(int row) {
    return known.get(row);
  }

  int excluded() {
    return known.cardinality();
  }

  int size() {
    return size;
  }

  long seq(int row) {
    return seqs[row];
  }

  int bytes(int row) {
    return bytes[row];
  }

  Set<String> aggregateTypes() {
    return Set.copyOf(aggregateTypes);
  }
}
