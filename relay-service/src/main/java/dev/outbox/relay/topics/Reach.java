package dev.outbox.relay.topics;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.utils.Utils;

/**
 * How far back a topic reaches from which brokers have removed records: retention empties
 * partitions one by one, so each has a moment of its own. For one thread.
 */
public final class Reach {

  private final int partitions;
  private final Map<Integer, Instant> completeSince = new HashMap<>();

  Reach(int partitions) {
    this.partitions = partitions;
  }

  void begins(int partition, Instant moment) {
    completeSince.put(partition, moment);
  }

  /**
   * From when on the key's partition is complete: where the producer puts records of that key
   * unless the number of partitions was changed meanwhile.
   */
  public Instant completeSince(byte[] key) {
    int partition = Utils.toPositive(Utils.murmur2(key)) % partitions;
    return completeSince.getOrDefault(partition, Instant.MIN);
  }
}
