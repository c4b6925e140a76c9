package dev.outbox.relay.chaos;

import java.util.ArrayList;
import java.util.List;

/**
 * The runs in which the events of one key arrive. A relay that takes over begins a new one further
 * back; one that was replaced without knowing may still finish its own meanwhile. For one thread.
 */
final class Runs {

  /** Two relays, each of which may have left a request on the way. */
  private static final int MOST = 4;

  private final List<Long> ends = new ArrayList<>(List.of(0L));
  private long previous;

  /** Whether this number continues a run or steps back to begin one. */
  boolean take(long number) {
    int run = ends.lastIndexOf(number - 1);
    if (run >= 0) {
      ends.remove(run);
    } else if (ends.size() == MOST) {
      ends.remove(0);
    }
    ends.add(number);
    boolean inOrder = run >= 0 || number <= previous;
    previous = number;
    return inOrder;
  }

  @Override
  public String toString() {
    return "which end with numbers " + ends;
  }
}
