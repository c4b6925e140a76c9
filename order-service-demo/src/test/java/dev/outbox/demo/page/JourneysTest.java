package dev.outbox.demo.page;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.demo.page.Journey.Applied;
import dev.outbox.demo.page.Journey.Parked;
import dev.outbox.demo.page.Journey.Published;
import dev.outbox.demo.page.Journey.Row;
import dev.outbox.demo.page.Snapshot.Level;
import dev.outbox.demo.page.Snapshot.Relay;
import dev.outbox.demo.page.Snapshot.Servers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** What the page calls right, under way and wrong. */
class JourneysTest {

  private static final String TOPIC = "outbox.event.Order";
  private static final Servers ALL_UP = new Servers(true, true, new Relay(true, true, 0));

  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final Journeys journeys = new Journeys(() -> now, Duration.ofSeconds(10));
  private long seq;
  private long offset;

  @Test
  void anEventWithAllItsEffectsIsRight() {
    UUID event = committed("a", 100);
    published(event, "a", 1);
    applied(event, "stock");
    applied(event, "notifications");
    pass(Duration.ofMinutes(1));

    assertThat(verdict().level()).isEqualTo(Level.GREEN);
    assertThat(journeys.findings().underWay()).isZero();
  }

  @Test
  void whatIsMissingIsUnderWayAndNotWrong() {
    UUID event = committed("a", 100);
    pass(Duration.ofHours(1));

    assertThat(verdict().level()).isEqualTo(Level.AMBER);
    assertThat(verdict().headline()).isEqualTo("1 on their way");

    published(event, "a", 1);
    applied(event, "stock");
    pass(Duration.ofHours(1));

    assertThat(verdict().level()).as("one of two effects").isEqualTo(Level.AMBER);
  }

  @Test
  void whatIsUnderWayForAMomentIsNormal() {
    committed("a", 100);

    assertThat(verdict().level()).isEqualTo(Level.GREEN);
  }

  @Test
  void aServerThatIsAwayIsNamed() {
    assertThat(
            Verdicts.of(journeys.findings(), new Servers(false, true, new Relay(true, false, 3))))
        .satisfies(
            verdict -> {
              assertThat(verdict.level()).isEqualTo(Level.AMBER);
              assertThat(verdict.headline())
                  .isEqualTo("Nothing is missing: PostgreSQL is away, the relay is away");
            });
  }

  @Test
  void anEffectThatIsThereTwiceIsWrong() {
    journeys.appliedTwice(List.of("Event x was applied 2 times by stock"));

    assertThat(verdict().level()).isEqualTo(Level.RED);
    assertThat(verdict().detail()).contains("applied 2 times by stock");
  }

  @Test
  void aRecordWithoutARowIsWrongOnceItWasLookedFor() {
    // Given a record, whose row may only be a moment behind
    UUID event = UUID.randomUUID();
    published(event, "a", 1);
    tablesRead();
    assertThat(verdict().level()).isEqualTo(Level.GREEN);
    // When it is looked for later and not found
    pass(Duration.ofSeconds(3));
    assertThat(journeys.missed()).containsExactly(event);
    journeys.lookedUp(List.of(event), now);
    // Then
    assertThat(verdict().level()).isEqualTo(Level.RED);
    assertThat(verdict().detail()).contains(event.toString());
  }

  @Test
  void aRecordFromBeforeTheOldestRowIsNotJudged() {
    UUID event = UUID.randomUUID();
    published(event, "a", 1);
    pass(Duration.ofSeconds(3));
    journeys.tablesRead(now, now);
    journeys.lookedUp(List.of(event), now);

    assertThat(verdict().level()).isEqualTo(Level.GREEN);
  }

  @Test
  void anEventBehindALaterOneOfItsKeyIsWrong() {
    UUID first = committed("a", 100);
    UUID second = committed("a", 101);
    published(second, "a", 2);
    published(first, "a", 1);

    assertThat(verdict().level()).isEqualTo(Level.RED);
    assertThat(verdict().detail()).contains(first.toString());
  }

  @Test
  void aRunThatIsRepeatedIsNotAnInversion() {
    UUID first = committed("a", 100);
    UUID second = committed("a", 101);
    published(first, "a", 1);
    published(second, "a", 2);
    published(first, "a", 1);
    published(second, "a", 2);

    assertThat(verdict().level()).isEqualTo(Level.GREEN);
    assertThat(journeys.findings().repeats()).isEqualTo(2);
    assertThat(journeys.findings().published()).isEqualTo(2);
  }

  @Test
  void anEventIsPassedOverWhenOneOfALaterTransactionIsOnItsPartition() {
    // Given an event, and one of a transaction that began when the first could be seen
    journeys.partitions(Map.of(TOPIC, 1));
    UUID lost = committed("a", 100);
    UUID later = committed("b", 200);
    published(later, "b", 2);
    // When the relay has had the time to say that it set the first aside
    settle(later);
    assertThat(verdict().level()).isEqualTo(Level.AMBER);
    pass(Duration.ofSeconds(11));
    tablesRead();
    // Then
    assertThat(verdict().level()).isEqualTo(Level.RED);
    assertThat(verdict().detail()).contains(lost.toString());
  }

  @Test
  void anEventIsNotPassedOverWhenItIsParked() {
    journeys.partitions(Map.of(TOPIC, 1));
    UUID poison = committed("a", 100);
    UUID later = committed("b", 200);
    published(later, "b", 2);
    settle(later);
    journeys.parked(List.of(new Parked(poison, "parked", "too large")));
    pass(Duration.ofSeconds(11));
    tablesRead();

    assertThat(verdict().level()).isEqualTo(Level.GREEN);
    assertThat(verdict().detail()).contains("1 parked");
  }

  @Test
  void anEventIsNotPassedOverByOneOfATransactionThatRanAtTheSameTime() {
    // Given an event whose transaction could commit before or after the other
    journeys.partitions(Map.of(TOPIC, 1));
    journeys.rows(List.of(row(UUID.randomUUID(), "a", 100, 205)));
    UUID other = committed("b", 200);
    published(other, "b", 2);
    settle(other);
    verdict();
    pass(Duration.ofSeconds(11));
    tablesRead();

    assertThat(verdict().level()).isEqualTo(Level.AMBER);
  }

  @Test
  void anEffectIsPassedOverWhenItsConsumerHasCommittedBeyondIt() {
    UUID event = committed("a", 100);
    published(event, "a", 1);
    applied(event, "notifications");
    pass(Duration.ofSeconds(3));
    assertThat(journeys.isAwaitingEffects()).isTrue();
    // When the consumer says that it is done, and the effect is looked for after that
    journeys.consumed("stock", Map.of(new TopicPartition(TOPIC, 0), 1L), now);
    assertThat(verdict().level()).isEqualTo(Level.AMBER);
    pass(Duration.ofMillis(10));
    journeys.lookedUp(List.of(event), now);
    // Then
    assertThat(verdict().level()).isEqualTo(Level.RED);
  }

  @Test
  void anEffectIsNotPassedOverWhenThePageIsTheOneThatIsLate() {
    UUID event = committed("a", 100);
    published(event, "a", 1);
    pass(Duration.ofSeconds(3));
    // Given a consumer that is done, whose effect is read only afterwards
    journeys.consumed("stock", Map.of(new TopicPartition(TOPIC, 0), 1L), now);
    applied(event, "stock");
    // When the effect of another is looked for in vain, who has not come to it
    pass(Duration.ofMillis(10));
    journeys.lookedUp(List.of(event), now);
    // Then
    assertThat(verdict().level()).isEqualTo(Level.AMBER);
  }

  @Test
  void anEffectIsNotPassedOverWhileItsConsumerIsNotThere() {
    UUID event = committed("a", 100);
    published(event, "a", 1);
    pass(Duration.ofSeconds(3));
    journeys.consumed("stock", Map.of(new TopicPartition(TOPIC, 0), 0L), now);
    pass(Duration.ofMillis(10));
    journeys.lookedUp(List.of(event), now);

    assertThat(verdict().level()).isEqualTo(Level.AMBER);
  }

  @Test
  void theNewestEventOfEachOrderIsShown() {
    committed("a", 100);
    committed("b", 101);
    committed("a", 102);

    assertThat(journeys.latest(12)).extracting(Trip::id).containsExactly("a", "b");
    assertThat(journeys.latest(1)).extracting(Trip::id).containsExactly("a");
  }

  private UUID committed(String key, long transaction) {
    UUID id = UUID.randomUUID();
    journeys.rows(List.of(row(id, key, transaction, transaction + 1)));
    return id;
  }

  private Row row(UUID id, String key, long transaction, long visibleBelow) {
    return new Row(id, ++seq, "Order", key, "OrderPlaced", now, now, transaction, visibleBelow);
  }

  private void published(UUID event, String key, int index) {
    journeys.records(
        List.of(
            new Published(
                event, TOPIC, 0, offset++, key, now, "00000001-%016x-00000000".formatted(index))));
  }

  private void applied(UUID event, String consumer) {
    journeys.effects(List.of(new Applied(event, consumer, now)));
  }

  private void settle(UUID event) {
    applied(event, "stock");
    applied(event, "notifications");
    pass(Duration.ofSeconds(2));
  }

  private void tablesRead() {
    journeys.tablesRead(now, Instant.EPOCH);
  }

  private void pass(Duration time) {
    now = now.plus(time);
  }

  private Snapshot.Verdict verdict() {
    return Verdicts.of(journeys.findings(), ALL_UP);
  }
}
