package dev.outbox.benchmarks;

import java.util.Comparator;
import java.util.List;

/**
 * What an event costs on its way, in seconds of one processor; and what follows from that for an
 * outbox in shards. Every slot decodes all of the log, so an event that another shard owns is not
 * free.
 *
 * @param own the server's work for a slot that delivers the event
 * @param foreign the server's work for a slot that passes the event by
 * @param relay the relay's work
 * @param rest everything else: broker, kernel, whoever counts
 */
record ShardCosts(double own, double foreign, double relay, double rest) {

  /**
   * From the time that slots take which deliver all, and a part of the log.
   *
   * @param whole seconds for each event of the log, of a slot that delivers all of it
   * @param part the same of a slot that delivers one part in so many
   */
  static ShardCosts of(double whole, double part, int parts, double relay, double rest) {
    return new ShardCosts(whole, (part * parts - whole) / (parts - 1), relay, rest);
  }

  /** Seconds that each slot takes for an event of the log, on the average. */
  double slot(int shards) {
    return (own + foreign * (shards - 1)) / shards;
  }

  /** Events a second that the server can decode when each slot has a processor of its own. */
  double slotLimit(int shards) {
    return 1 / slot(shards);
  }

  /** Seconds that all slots together take for an event. */
  double server(int shards) {
    return own + foreign * (shards - 1);
  }

  /** Seconds that an event takes on a machine on which everything runs. */
  double machine(int shards) {
    return server(shards) + relay + rest;
  }

  /** Events a second on a machine on which everything runs and has so many processors. */
  double rate(int shards, double processors) {
    return Math.min(slotLimit(shards), processors / machine(shards));
  }

  /**
   * A bound, and what it is of.
   *
   * @param name what breaks there
   * @param perSecond events
   */
  record Limit(String name, double perSecond) {}

  /** What breaks first where one database is divided so, with a relay process for each shard. */
  Limit first(int shards, double commits) {
    return List.of(
            new Limit("writing: transactions of the service", commits),
            new Limit("decoding: one processor of the server for each slot", slotLimit(shards)),
            new Limit("publishing: one processor of the relay for each shard", shards / relay))
        .stream()
        .min(Comparator.comparingDouble(Limit::perSecond))
        .orElseThrow();
  }
}
