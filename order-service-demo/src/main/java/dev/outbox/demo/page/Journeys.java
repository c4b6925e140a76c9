package dev.outbox.demo.page;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.demo.page.Journey.Applied;
import dev.outbox.demo.page.Journey.Parked;
import dev.outbox.demo.page.Journey.Published;
import dev.outbox.demo.page.Journey.Row;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Utils;

/**
 * The running audit: every event that was seen as row, record or effect, and what is wrong with
 * them. Only those that are not settled are looked at again, so a look costs as much as is under
 * way, not as much as there is. An event takes some half a kilobyte.
 *
 * <p>Told by one thread that reads the tables and one that reads the topics, asked by a third.
 */
final class Journeys {

  /** What a table shows may be this much behind what a topic shows. */
  static final Duration TABLE_IS_BEHIND = Duration.ofSeconds(2);

  private static final int RECENT = 400;
  private static final int EXAMPLES = 5;

  private final InstantSource clock;
  private final Duration grace;
  private final Map<UUID, Journey> journeys = new HashMap<>();
  private final Map<UUID, Journey> open = new LinkedHashMap<>();
  private final Deque<Journey> recent = new ArrayDeque<>();
  private final Map<String, String> lastPositions = new HashMap<>();
  private final Map<TopicPartition, Long> newestTransactions = new HashMap<>();
  private final List<String> inversions = new ArrayList<>();
  private Map<String, Integer> partitions = Map.of();
  private Map<UUID, Parked> parked = Map.of();
  private List<String> twice = List.of();
  private Instant tablesReadAt = Instant.MIN;
  private Instant auditedSince = Instant.MIN;
  private long inverted;
  private long rows;
  private long published;
  private long records;
  private long repeats;
  private long effects;

  /**
   * @param grace how long something that looks passed over may still turn up as parked
   */
  Journeys(InstantSource clock, Duration grace) {
    this.clock = clock;
    this.grace = grace;
  }

  // ---- the tables

  synchronized void rows(Collection<Row> found) {
    for (Row row : found) {
      Journey journey = journey(row.id());
      if (journey.row == null) {
        journey.row = row;
        rows++;
        if (journey.published != null) {
          rememberTransaction(journey.published, row);
        }
        recent.addLast(journey);
        if (recent.size() > RECENT) {
          recent.removeFirst();
        }
      }
    }
  }

  synchronized void effects(Collection<Applied> found) {
    for (Applied applied : found) {
      Journey journey = journey(applied.id());
      if (journey.effects.putIfAbsent(applied.consumer(), applied.at()) == null) {
        effects++;
      }
      journey.passedAt.remove(applied.consumer());
    }
  }

  /** All that the relay has ever set aside and keeps. */
  synchronized void parked(Collection<Parked> found) {
    Map<UUID, Parked> now = new HashMap<>();
    found.forEach(each -> now.put(each.id(), each));
    now.forEach((id, each) -> journey(id).parked = each);
    parked = now;
  }

  /** What was applied more often than once, each as a sentence. */
  synchronized void appliedTwice(List<String> found) {
    twice = List.copyOf(found);
  }

  /** Events whose row or effects are missed and which are worth a look of their own. */
  synchronized List<UUID> missed() {
    Instant now = clock.instant();
    return open.values().stream()
        .filter(
            journey ->
                journey.row == null
                    || (journey.publishedSeenAt != null
                        && isOlder(journey.publishedSeenAt, TABLE_IS_BEHIND, now)))
        .limit(1_000)
        .map(journey -> journey.id)
        .toList();
  }

  /** Rows and effects of these events have been asked for, and told, beginning at that moment. */
  synchronized void lookedUp(Collection<UUID> ids, Instant begun) {
    for (UUID id : ids) {
      Journey journey = open.get(id);
      if (journey != null) {
        journey.lookedUpAt = begun;
      }
    }
  }

  /**
   * Everything in the tables has been told.
   *
   * @param begun when that look began
   * @param oldest rows before this moment may have been removed
   */
  synchronized void tablesRead(Instant begun, Instant oldest) {
    tablesReadAt = begun;
    auditedSince = oldest;
  }

  // ---- the topics

  /** How many partitions the topics have. */
  synchronized void partitions(Map<String, Integer> found) {
    partitions = Map.copyOf(found);
  }

  /** In the order of the offsets of each partition. */
  synchronized void records(Collection<Published> found) {
    for (Published record : found) {
      records++;
      Journey journey = journey(record.id());
      if (journey.published != null) {
        repeats++;
        continue;
      }
      journey.published = record;
      journey.publishedSeenAt = clock.instant();
      published++;
      checkOrder(record);
      if (journey.row != null) {
        rememberTransaction(record, journey.row);
      }
    }
  }

  private void checkOrder(Published record) {
    if (record.position().isEmpty()) {
      return;
    }
    String last = lastPositions.put(record.topic() + ' ' + record.key(), record.position());
    if (last != null && last.compareTo(record.position()) >= 0) {
      inverted++;
      if (inversions.size() < EXAMPLES) {
        inversions.add(
            "Event %s of %s stands on %s behind one that was committed later"
                .formatted(record.id(), record.key(), record.topic()));
      }
    }
  }

  private void rememberTransaction(Published record, Row row) {
    newestTransactions.merge(
        new TopicPartition(record.topic(), record.partition()), row.transaction(), Math::max);
  }

  /** Up to where a consumer has committed that it is done. */
  synchronized void consumed(String consumer, Map<TopicPartition, Long> offsets, Instant asked) {
    for (Journey journey : open.values()) {
      Published record = journey.published;
      if (record != null
          && journey.row != null
          && ExpectedEffects.of(journey.row.aggregateType()).contains(consumer)
          && !journey.effects.containsKey(consumer)
          && offsets.getOrDefault(new TopicPartition(record.topic(), record.partition()), 0L)
              > record.offset()) {
        journey.passedAt.putIfAbsent(consumer, asked);
      }
    }
  }

  // ---- the answers

  /** Whether something waits for an effect for so long that consumers should be asked. */
  synchronized boolean isAwaitingEffects() {
    Instant now = clock.instant();
    return open.values().stream()
        .anyMatch(
            journey ->
                journey.publishedSeenAt != null
                    && isOlder(journey.publishedSeenAt, TABLE_IS_BEHIND, now));
  }

  synchronized Findings findings() {
    Instant now = clock.instant();
    open.values().removeIf(Journey::isSettled);
    long toPublish = 0;
    long toApply = 0;
    Instant oldest = now;
    Problems overtaken = new Problems("%d events were passed over by the relay");
    Problems passed = new Problems("%d events were passed over by a consumer");
    Problems rowless = new Problems("%d events are on a topic and have no row");
    for (Journey journey : open.values()) {
      if (journey.row == null) {
        if (isWithoutRow(journey)) {
          rowless.add("Event %s is on a topic or has an effect, and has no row", journey);
        }
        continue;
      }
      oldest = journey.seenAt.isBefore(oldest) ? journey.seenAt : oldest;
      if (journey.published == null) {
        toPublish++;
        if (isPassedOver(journey, now)) {
          overtaken.add("Event %s was passed over: later ones are on its topic", journey);
        }
      } else {
        toApply++;
        if (journey.passedAt.values().stream().anyMatch(journey.lookedUpAt::isAfter)) {
          passed.add("Event %s was passed over by a consumer: it has no effect", journey);
        }
      }
    }
    List<String> wrong = new ArrayList<>(twice);
    wrong.addAll(inversions);
    if (inverted > inversions.size()) {
      wrong.add("%d events stand behind later ones of their key".formatted(inverted));
    }
    overtaken.addTo(wrong);
    passed.addTo(wrong);
    rowless.addTo(wrong);
    return new Findings(
        rows,
        published,
        records,
        repeats,
        count(each -> each.state().equals("parked")),
        count(each -> each.state().equals("discarded")),
        effects,
        toPublish,
        toApply,
        Duration.between(oldest, now),
        wrong);
  }

  private long count(Predicate<Parked> which) {
    return parked.values().stream().filter(which).count();
  }

  /** Looked for after it was seen on its topic, and not there. */
  private boolean isWithoutRow(Journey journey) {
    if (journey.published == null
        ? journey.effects.isEmpty()
        : journey.published.appendedAt().isBefore(auditedSince)) {
      return false;
    }
    return isOlder(journey.seenAt, TABLE_IS_BEHIND, journey.lookedUpAt);
  }

  /**
   * Another event of its partition is on the topic whose transaction began after this one could be
   * seen, and the relay has had the time to say that it has set this one aside.
   */
  private boolean isPassedOver(Journey journey, Instant now) {
    Row row = journey.row;
    if (row == null || journey.isParked()) {
      return false;
    }
    if (journey.overtakenAt == null) {
      String topic = "outbox.event." + row.aggregateType();
      Integer count = partitions.get(topic);
      if (count != null) {
        int partition = Utils.toPositive(Utils.murmur2(row.aggregateId().getBytes(UTF_8))) % count;
        long newest =
            newestTransactions.getOrDefault(new TopicPartition(topic, partition), Long.MIN_VALUE);
        if (newest >= row.visibleBelow()) {
          journey.overtakenAt = now;
        }
      }
    }
    return journey.overtakenAt != null && isOlder(journey.overtakenAt, grace, tablesReadAt);
  }

  /** The newest events of the latest aggregates, the newest first. */
  synchronized List<Trip> latest(int count) {
    List<Trip> trips = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    Iterator<Journey> newestFirst = recent.descendingIterator();
    while (newestFirst.hasNext() && trips.size() < count) {
      Journey journey = newestFirst.next();
      if (journey.row != null && seen.add(journey.row.aggregateId())) {
        trips.add(Trip.of(journey, journey.row));
      }
    }
    return trips;
  }

  private Journey journey(UUID id) {
    return journeys.computeIfAbsent(
        id,
        key -> {
          Journey journey = new Journey(key, clock.instant());
          open.put(key, journey);
          return journey;
        });
  }

  private static boolean isOlder(Instant moment, Duration age, Instant now) {
    return moment.plus(age).isBefore(now);
  }

  /** Of many problems of a kind the first few are named, the rest is counted. */
  private static final class Problems {

    private final String summary;
    private final List<String> named = new ArrayList<>();
    private int count;

    Problems(String summary) {
      this.summary = summary;
    }

    void add(String sentence, Journey journey) {
      count++;
      if (named.size() < EXAMPLES) {
        named.add(sentence.formatted(journey.id));
      }
    }

    void addTo(List<String> wrong) {
      if (count > named.size()) {
        wrong.add(summary.formatted(count));
      }
      wrong.addAll(named);
    }
  }
}
