package dev.outbox.relay.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * What the relays wrote about themselves.
 *
 * @param runs how often a relay began to lead
 * @param takeovers how often it was another than before
 * @param recoveries how often one published from the table after a gap
 */
record RelayLogs(int runs, int takeovers, int recoveries) {

  private static final String LEADING = "Leading: relaying events";
  private static final String RECOVERED = "Recovered from a gap";

  static RelayLogs of(Collection<RelayInstance> relays) throws IOException {
    List<Line> runs = new ArrayList<>();
    int recoveries = 0;
    for (RelayInstance relay : relays) {
      for (String line : Files.readAllLines(relay.log())) {
        if (line.contains(LEADING)) {
          // What follows is slot="…" epoch="…".
          String slot =
              line.substring(line.indexOf(LEADING) + LEADING.length()).split(" epoch=", 2)[0];
          runs.add(new Line(slot, line.substring(0, line.indexOf(' ')), relay.name()));
        } else if (line.contains(RECOVERED)) {
          recoveries++;
        }
      }
    }
    runs.sort(null);
    int takeovers = 0;
    for (int i = 1; i < runs.size(); i++) {
      takeovers += runs.get(i).isTakeoverFrom(runs.get(i - 1)) ? 1 : 0;
    }
    return new RelayLogs(runs.size(), takeovers, recoveries);
  }

  private record Line(String slot, String time, String relay) implements Comparable<Line> {
    @Override
    public int compareTo(Line other) {
      int bySlot = slot.compareTo(other.slot);
      return bySlot != 0 ? bySlot : time.compareTo(other.time);
    }

    boolean isTakeoverFrom(Line before) {
      return slot.equals(before.slot) && !relay.equals(before.relay);
    }
  }
}
