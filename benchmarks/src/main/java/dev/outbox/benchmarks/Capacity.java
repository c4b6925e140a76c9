package dev.outbox.benchmarks;

import java.time.Duration;

/** Arithmetic from what one server was measured to do to what a demand takes. */
final class Capacity {

  private Capacity() {}

  /**
   * What is asked for.
   *
   * @param perSecond requests or events
   * @param window how long each is remembered
   * @param disk bytes that one database server has room for
   * @param memory bytes that one Redis server has room for
   */
  record Demand(double perSecond, Duration window, double disk, double memory) {}

  /** Where what is remembered stands. */
  enum Room {
    DISK,
    MEMORY
  }

  /**
   * One way to recognise repeats, as measured.
   *
   * @param bytesKept of each request or event for the length of the window, indexes included; 0 for
   *     one whose space does not grow
   * @param bytesLogged to the write-ahead log for each
   * @param perSecond how many one server took
   */
  record Strategy(String name, Room room, double bytesKept, double bytesLogged, double perSecond) {

    Need need(Demand demand) {
      double kept = bytesKept * demand.perSecond() * demand.window().toSeconds();
      return new Need(
          kept,
          bytesLogged * demand.perSecond(),
          servers(kept / (room == Room.DISK ? demand.disk() : demand.memory())),
          servers(demand.perSecond() / perSecond),
          room);
    }

    private static long servers(double exactly) {
      return Math.max(1, (long) Math.ceil(exactly));
    }
  }

  /** What a demand takes. */
  record Need(
      double bytesKept,
      double bytesLoggedPerSecond,
      long serversForRoom,
      long serversForRate,
      Room room) {

    /** What runs out first on a server that gets more and more of it. */
    String limit() {
      if (serversForRoom <= serversForRate) {
        return "transactions";
      }
      return room == Room.DISK ? "disk" : "memory";
    }
  }
}
