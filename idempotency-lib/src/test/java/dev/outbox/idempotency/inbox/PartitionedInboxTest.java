package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The published table with partitions by day, which expires by dropping them. */
@WithLocalStack
class PartitionedInboxTest {

  private static final EventKey MONDAY = event("2026-11-16T23:59:59.999Z");
  private static final EventKey TUESDAY = event("2026-11-17T00:00:00Z");
  private static final EventKey WEDNESDAY = event("2026-11-18T12:00:00Z");
  private static final EventKey NOT_A_TIME = new EventKey("orders", "order 7 paid");

  private final Inbox inbox = Inbox.forConsumer("shipping");
  private final TestDatabase database;

  PartitionedInboxTest(PostgresServer postgres) throws SQLException {
    database = TestDatabase.empty(postgres);
    database.applyPublished("inbox_event_partitioned");
    database.execute("select inbox_event_roll('2026-11-16', '2026-11-18')");
  }

  /** As the writer library makes ids: 48 bits of milliseconds, then version 7. */
  private static EventKey event(String time) {
    String hex = "%012x".formatted(Instant.parse(time).toEpochMilli());
    return new EventKey(
        "orders", hex.substring(0, 8) + "-" + hex.substring(8) + "-7abc-8def-0123456789ab");
  }

  @Test
  void theCheckAcceptsIt() {
    assertThatCode(() -> InboxSchema.check(database.dataSource())).doesNotThrowAnyException();
  }

  @Test
  void aBatchOverSeveralPartitionsIsRecognisedAsAnywhereAndEachIdGoesToItsDay()
      throws SQLException {
    // Given
    List<EventKey> all = List.of(MONDAY, TUESDAY, WEDNESDAY, NOT_A_TIME);

    // When
    Claimed first = claim(all);
    Claimed again = claim(all);

    // Then
    assertThat(first.newKeys()).isEqualTo(all);
    assertThat(again.repeats()).isEqualTo(4);
    assertThat(
            database.query(
                "select tableoid::regclass || ' ' || event_id from inbox_event order by 1"))
        .containsExactly(
            "inbox_event_20261116 " + MONDAY.id(),
            "inbox_event_20261117 " + TUESDAY.id(),
            "inbox_event_20261118 " + WEDNESDAY.id(),
            "inbox_event_other " + NOT_A_TIME.id());
  }

  @Test
  void twoThatClaimTheSameKeyTakeTurns() throws SQLException {
    try (Connection first = database.begin()) {
      // Given
      assertThat(inbox.claim(first, List.of(TUESDAY)).repeats()).isZero();

      // When
      CompletableFuture<Claimed> second =
          supplyAsync(() -> uncheckedClaim(List.of(TUESDAY)), TestDatabase.THREAD_EACH);
      await().atMost(PATIENCE).until(() -> database.waitingForLocks().size() == 1);
      first.commit();

      // Then
      assertThat(second.join().repeats()).isEqualTo(1);
    }
  }

  @Test
  void droppingADayExpiresItsMarkersAndNoOthers() throws SQLException {
    // Given
    claim(List.of(MONDAY, TUESDAY, WEDNESDAY, NOT_A_TIME));

    // When: rolled on by a day, twice as a job does that was started again
    database.execute("select inbox_event_roll('2026-11-17', '2026-11-20')");
    database.execute("select inbox_event_roll('2026-11-17', '2026-11-20')");

    // Then
    assertThat(
            database.query(
                """
                select relname from pg_class c join pg_inherits i on i.inhrelid = c.oid
                where inhparent = 'inbox_event'::regclass order by 1
                """))
        .containsExactly(
            "inbox_event_20261117",
            "inbox_event_20261118",
            "inbox_event_20261119",
            "inbox_event_20261120",
            "inbox_event_other");
    Claimed claimed = claim(List.of(MONDAY, TUESDAY, WEDNESDAY, NOT_A_TIME));
    assertThat(claimed.newKeys()).containsExactly(MONDAY);
    assertThat(claim(List.of(MONDAY)).repeats()).isEqualTo(1);
  }

  @Test
  void whatHasNoDayIsRemovedFromTheDefaultPartitionByItsAge() throws Exception {
    // Given
    claim(List.of(MONDAY, NOT_A_TIME));
    database.execute("update inbox_event set processed_at = now() - interval '8 days'");

    // When
    long deleted =
        InboxRetention.of(
                "shipping",
                InboxTransactions.of(database.dataSource()),
                InboxTable.named("inbox_event_other"),
                Duration.ofDays(7))
            .deleteExpired();

    // Then
    assertThat(deleted).isEqualTo(1);
    assertThat(claim(List.of(MONDAY, NOT_A_TIME)).newKeys()).containsExactly(NOT_A_TIME);
  }

  private Claimed claim(List<EventKey> keys) throws SQLException {
    try (Connection connection = database.begin()) {
      Claimed claimed = inbox.claim(connection, keys);
      connection.commit();
      return claimed;
    }
  }

  private Claimed uncheckedClaim(List<EventKey> keys) {
    try {
      return claim(keys);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
