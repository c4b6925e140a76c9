package dev.outbox.demo.page;

import dev.outbox.demo.page.Journey.Row;
import dev.outbox.demo.page.Tables.EffectCount;
import dev.outbox.demo.page.Tables.Outbox;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reads what is new in the tables and tells the {@link Journeys}. For one thread, but for the
 * figures that it keeps.
 *
 * <p>Numbers of rows are taken before their commit, so a row may become visible behind greater
 * ones. Rows are therefore read again from a number on below which nothing can come any more: the
 * greatest that was there when the oldest transaction that still runs had not begun.
 */
final class TableReader {

  private static final int PAGE = 5_000;
  private static final int LINES = 12;
  private static final int EXAMPLES = 5;

  /** Longer than any transaction of a consumer should take; what is missed is looked up by id. */
  private static final Duration LATE_EFFECTS = Duration.ofSeconds(10);

  /** Counting everything may take a tenth of the time. */
  private static final int REST_AFTER_COUNT = 10;

  private final Tables tables;
  private final Journeys journeys;
  private final InstantSource clock;
  private final Deque<Outbox> ends = new ArrayDeque<>();
  private long completeUpTo;
  private Instant effectsUpTo = Instant.EPOCH;
  private Instant nextCount = Instant.MIN;
  private volatile EffectCount effectCount = new EffectCount(0, 0);
  private volatile Map<String, OrderBrief> orders = Map.of();

  TableReader(Tables tables, Journeys journeys, InstantSource clock) {
    this.tables = tables;
    this.journeys = journeys;
    this.clock = clock;
  }

  /** One look at everything. */
  void look() {
    Instant begun = clock.instant();
    Outbox outbox = tables.outbox();
    readRows(outbox);
    journeys.parked(tables.parked());
    readEffects();
    List<UUID> missed = journeys.missed();
    if (!missed.isEmpty()) {
      Instant asked = clock.instant();
      journeys.rows(tables.rows(missed));
      journeys.effects(tables.effects(missed));
      journeys.lookedUp(missed, asked);
    }
    journeys.tablesRead(begun, outbox.oldest());
    readOrders();
    if (clock.instant().isAfter(nextCount)) {
      count();
    }
  }

  private void readRows(Outbox outbox) {
    long complete = completeUpTo;
    while (!ends.isEmpty() && ends.getFirst().visibleBelow() <= outbox.transaction()) {
      complete = Math.max(complete, ends.removeFirst().lastSeq());
    }
    long after = completeUpTo;
    List<Row> page;
    do {
      page = tables.rowsAfter(after, PAGE);
      journeys.rows(page);
      after = page.isEmpty() ? after : page.get(page.size() - 1).seq();
    } while (page.size() == PAGE);
    ends.addLast(outbox);
    completeUpTo = complete;
  }

  private void readEffects() {
    var found = tables.effectsSince(effectsUpTo);
    journeys.effects(found);
    Instant newest =
        found.stream().map(Journey.Applied::at).max(Instant::compareTo).orElse(Instant.EPOCH);
    Instant from = newest.minus(LATE_EFFECTS);
    effectsUpTo = from.isAfter(effectsUpTo) ? from : effectsUpTo;
  }

  private void readOrders() {
    List<UUID> ids =
        journeys.latest(LINES).stream()
            .filter(trip -> trip.aggregate().equals("Order"))
            .map(trip -> UUID.fromString(trip.id()))
            .toList();
    orders =
        tables.orders(ids).stream()
            .collect(Collectors.toUnmodifiableMap(OrderBrief::id, Function.identity()));
  }

  private void count() {
    Instant begun = clock.instant();
    EffectCount counted = tables.countEffects();
    journeys.appliedTwice(
        counted.rows() > counted.distinct() ? tables.appliedTwice(EXAMPLES) : List.of());
    effectCount = counted;
    Instant ended = clock.instant();
    nextCount = ended.plus(Duration.between(begun, ended).multipliedBy(REST_AFTER_COUNT));
  }

  EffectCount effectCount() {
    return effectCount;
  }

  /** The orders that the page shows, by their ids. */
  Map<String, OrderBrief> orders() {
    return orders;
  }

  /** The lines of the page. */
  List<Trip> trips() {
    return journeys.latest(LINES);
  }
}
