package dev.outbox.idempotency.inbox;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Which keys of a claimed batch are new to the consumer, in the batch's own order.
 *
 * <p>A key that stands in the batch twice is new at its first place only. New means: its marker now
 * belongs to the running transaction, and the effect must be applied in that same transaction.
 */
public final class Claimed {

  private final List<EventKey> keys;
  private final BitSet fresh;

  private Claimed(List<EventKey> keys, BitSet fresh) {
    this.keys = keys;
    this.fresh = fresh;
  }

  static Claimed of(List<EventKey> keys, Set<EventKey> inserted) {
    Set<EventKey> unseen = new HashSet<>(inserted);
    BitSet fresh = new BitSet(keys.size());
    for (int i = 0; i < keys.size(); i++) {
      fresh.set(i, unseen.remove(keys.get(i)));
    }
    return new Claimed(List.copyOf(keys), fresh);
  }

  static Claimed of(List<EventKey> keys, BitSet fresh) {
    return new Claimed(List.copyOf(keys), fresh);
  }

  /**
   * Whether the key at this index of the batch is seen for the first time.
   *
   * @throws IndexOutOfBoundsException when the batch has no such index
   */
  public boolean isNew(int index) {
    return fresh.get(Objects.checkIndex(index, keys.size()));
  }

  /** The new keys, in the order of the batch. */
  public List<EventKey> newKeys() {
    List<EventKey> result = new ArrayList<>(fresh.cardinality());
    fresh.stream().forEach(i -> result.add(keys.get(i)));
    return List.copyOf(result);
  }

  /** How many places of the batch hold a key that was seen before. */
  public int repeats() {
    return keys.size() - fresh.cardinality();
  }

  /** How many keys the batch has, repeats included. */
  public int size() {
    return keys.size();
  }

  @Override
  public String toString() {
    return "Claimed[new=%d, repeats=%d]".formatted(fresh.cardinality(), repeats());
  }
}
