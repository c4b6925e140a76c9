package dev.outbox.benchmarks;

/**
 * A backlog of outbox rows.
 *
 * @param events how many; each payload begins with its event's number, from 1 on
 * @param payloadBytes size of each payload
 * @param perTransaction rows of one transaction
 * @param keys aggregates that the rows belong to, in turn
 * @param partitions of the topics that are written to
 */
record Workload(int events, int payloadBytes, int perTransaction, int keys, int partitions) {

  /** Aggregates are called by it and their number. */
  static final String KEY_PREFIX = "order-";

  /** Aggregates where their number is not what is asked about. */
  static final int KEYS = 10_000;

  /** Partitions where their number is not what is asked about. */
  static final int PARTITIONS = 3;

  /** Not for the contenders, whose processes are new each time, but for the servers. */
  static final Workload WARM_UP = new Workload(200_000, 500, 10, 1_000, PARTITIONS);

  String title() {
    return "%,d events of %,d bytes, %s per transaction, %,d aggregate%s, %d partition%s"
        .formatted(
            events,
            payloadBytes,
            perTransaction == 1 ? "one" : String.valueOf(perTransaction),
            keys,
            keys == 1 ? "" : "s",
            partitions,
            partitions == 1 ? "" : "s");
  }
}
