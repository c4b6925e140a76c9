package dev.outbox.local.demo;

import dev.outbox.local.demo.DemoDatabase.Effect;
import dev.outbox.local.demo.DemoDatabase.OutboxRow;
import dev.outbox.local.demo.TopicWatch.Published;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The way of one event.
 *
 * @param askedAt when the order was sent; empty for events that somebody else caused
 * @param row empty when it is deleted already
 * @param effect empty for events that nobody here consumes
 */
record Trace(
    Published published,
    Optional<Instant> askedAt,
    Optional<OutboxRow> row,
    Optional<Effect> effect) {

  Optional<Duration> untilRow() {
    return between(askedAt, row.map(OutboxRow::committedAt));
  }

  Optional<Duration> untilTopic() {
    return between(row.map(OutboxRow::committedAt), Optional.of(published.appendedAt()));
  }

  Optional<Duration> untilEffect() {
    return between(Optional.of(published.appendedAt()), effect.map(Effect::committedAt));
  }

  /** From the request, or else from the commit, to the effect. */
  Optional<Duration> inAll() {
    return between(
        askedAt.or(() -> row.map(OutboxRow::committedAt)), effect.map(Effect::committedAt));
  }

  /** Never negative: Kafka counts whole milliseconds, and so cuts off a part of one. */
  private static Optional<Duration> between(Optional<Instant> from, Optional<Instant> to) {
    return from.flatMap(start -> to.map(end -> Duration.between(start, end)))
        .map(time -> time.isNegative() ? Duration.ZERO : time);
  }
}
