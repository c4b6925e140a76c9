package dev.outbox.demo.page;

import dev.outbox.demo.page.Journey.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One line of the page: the newest event of an aggregate and how long each leg of its way took.
 *
 * @param aggregate the kind, {@code Order}
 * @param id of the aggregate
 * @param event the type of the event
 * @param at when it was committed
 * @param writeMillis from the beginning of the transaction to its commit: row and outbox
 * @param relayMillis from the commit to the topic; null while it is not there
 * @param effectMillis from the topic to each consumer's effect
 * @param awaited consumers whose effect is not there yet
 * @param place where the record stands; empty while it is not there
 * @param parked why the relay has set it aside; empty when it has not
 */
record Trip(
    String aggregate,
    String id,
    String event,
    Instant at,
    long writeMillis,
    @Nullable Long relayMillis,
    Map<String, Long> effectMillis,
    int awaited,
    String place,
    String parked) {

  static Trip of(Journey journey, Row row) {
    Optional<Journey.Published> published = Optional.ofNullable(journey.published);
    Map<String, Long> effects = new LinkedHashMap<>();
    published.ifPresent(
        record ->
            journey.effects.forEach(
                (consumer, at) -> effects.put(consumer, millis(record.appendedAt(), at))));
    return new Trip(
        row.aggregateType(),
        row.aggregateId(),
        row.type(),
        row.committedAt(),
        millis(row.begunAt(), row.committedAt()),
        published.map(record -> millis(row.committedAt(), record.appendedAt())).orElse(null),
        effects,
        (int)
            ExpectedEffects.of(row.aggregateType()).stream()
                .filter(consumer -> !journey.effects.containsKey(consumer))
                .count(),
        published.map(r -> "partition %d @ %d".formatted(r.partition(), r.offset())).orElse(""),
        journey.isParked() && journey.parked != null ? journey.parked.reason() : "");
  }

  /** Never below zero: Kafka's clock has whole milliseconds. */
  private static long millis(Instant from, Instant to) {
    return Math.max(0, Duration.between(from, to).toMillis());
  }
}
