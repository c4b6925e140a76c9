package dev.outbox.relay.operations;

import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import java.util.function.IntConsumer;

/**
 * A hash table from 128 bits to two numbers without an object per entry: 32 bytes a place, at most
 * three quarters of the places taken. For one thread.
 */
final class PairTable {

  private static final int WORDS = 4;
  private static final int LARGEST = 1 << 28;

  /** Stands for the key that marks a free place. */
  private static final long INSTEAD_OF_ZERO = 0x9e3779b97f4a7c15L;

  private int capacity = 1 << 10;
  private int size;
  private long[] words = new long[capacity * WORDS];

  int size() {
    return size;
  }

  /** The key's place; negative when the key is not there. Valid until the next {@link #add}. */
  int find(long high, long low) {
    long first = first(high, low);
    int place = home(first, low);
    while (!isFree(place)) {
      if (words[place * WORDS] == first && words[place * WORDS + 1] == low) {
        return place;
      }
      place = (place + 1) & (capacity - 1);
    }
    return -1;
  }

  /** Adds a key that is not there, with these numbers. */
  void add(long high, long low, long number, long other) {
    if (size >= capacity / 4 * 3) {
      grow();
    }
    insert(first(high, low), low, number, other);
    size++;
  }

  private void insert(long first, long low, long number, long other) {
    int place = home(first, low);
    while (!isFree(place)) {
      place = (place + 1) & (capacity - 1);
    }
    int word = place * WORDS;
    words[word] = first;
    words[word + 1] = low;
    words[word + 2] = number;
    words[word + 3] = other;
  }

  long number(int place) {
    return words[place * WORDS + 2];
  }

  long other(int place) {
    return words[place * WORDS + 3];
  }

  void set(int place, long number, long other) {
    words[place * WORDS + 2] = number;
    words[place * WORDS + 3] = other;
  }

  long high(int place) {
    long first = words[place * WORDS];
    return first == INSTEAD_OF_ZERO && low(place) == 0 ? 0 : first;
  }

  long low(int place) {
    return words[place * WORDS + 1];
  }

  /** All places that are taken, in no order. */
  void forEachPlace(IntConsumer visitor) {
    for (int place = 0; place < capacity; place++) {
      if (!isFree(place)) {
        visitor.accept(place);
      }
    }
  }

  private boolean isFree(int place) {
    return words[place * WORDS] == 0 && words[place * WORDS + 1] == 0;
  }

  private static long first(long high, long low) {
    return high == 0 && low == 0 ? INSTEAD_OF_ZERO : high;
  }

  private int home(long first, long low) {
    // Event IDs of one moment share their first half, so every bit must count.
    long mixed = (first * 0xff51afd7ed558ccdL) ^ Long.rotateLeft(low * 0xc4ceb9fe1a85ec53L, 32);
    mixed ^= mixed >>> 33;
    mixed *= 0xff51afd7ed558ccdL;
    return (int) (mixed >>> 33) & (capacity - 1);
  }

  private void grow() {
    if (capacity == LARGEST) {
      throw new RelayException(
          Stage.OPERATIONS,
          "More than %d events are to be compared at once.".formatted(size),
          "Give a shorter range with --from and --to.");
    }
    long[] before = words;
    capacity *= 2;
    words = new long[capacity * WORDS];
    for (int word = 0; word < before.length; word += WORDS) {
      if (before[word] != 0 || before[word + 1] != 0) {
        insert(before[word], before[word + 1], before[word + 2], before[word + 3]);
      }
    }
  }
}
