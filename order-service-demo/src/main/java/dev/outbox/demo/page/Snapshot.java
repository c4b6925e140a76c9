package dev.outbox.demo.page;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/** All that the page shows, at one moment. */
record Snapshot(
    Instant at,
    Instant since,
    Verdict verdict,
    Servers servers,
    Counters counters,
    Findings audit,
    List<Trip> trips,
    Map<String, OrderBrief> orders,
    List<Point> history,
    Control control,
    List<HarmLog.Entry> harm) {

  /** How sure one can be that all is right. */
  enum Level {
    GREEN,
    AMBER,
    RED
  }

  /**
   * The top line.
   *
   * @param headline a few words
   * @param detail the figures behind them
   */
  record Verdict(Level level, String headline, String detail) {}

  /** Whether they answer. */
  record Servers(boolean database, boolean broker, Relay relay) {}

  /**
   * As the driver tells it.
   *
   * @param known whether there is one to ask
   */
  record Relay(boolean known, boolean up, long kills) {}

  /**
   * The figures; the first four and the repeats of the inboxes are counted since the service's
   * start, all others are what tables and topics hold.
   */
  record Counters(
      long asked,
      long accepted,
      long replayed,
      long refused,
      long published,
      long applied,
      long duplicatesSeen,
      long repeatsOnTopics,
      long repeatsInInboxes,
      long duplicatesApplied) {}

  /** One second of the charts: three rates, and what was under way at its end. */
  record Point(
      Instant at,
      double accepted,
      double published,
      double applied,
      long toPublish,
      long toApply) {}

  /**
   * Whether processes can be harmed.
   *
   * @param why not; empty when they can
   */
  record Control(boolean present, String why) {}
}
