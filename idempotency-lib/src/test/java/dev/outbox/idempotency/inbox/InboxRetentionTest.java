package dev.outbox.idempotency.inbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("slow")
class InboxRetentionTest extends RunnerTestBase {

  private static final Duration WEEK = Duration.ofDays(7);

  InboxRetentionTest(PostgresServer postgres, KafkaServer kafka) throws SQLException {
    super(postgres, kafka, 1);
  }

  private void markers(String consumer, String prefix, int count, String age) throws SQLException {
    database.execute(
        """
        insert into inbox_event (consumer, source, event_id, processed_at)
        select '%s', 'orders', '%s' || n, now() - interval '%s' from generate_series(1, %d) n
        """
            .formatted(consumer, prefix, age, count));
  }

  private InboxRetention retention(InboxTransactions transactions, int batch) {
    return InboxRetention.of(
        "shipping", transactions, InboxTable.DEFAULT, WEEK, batch, Duration.ofHours(1));
  }

  private InboxTransactions jdbc() {
    return InboxTransactions.of(database.dataSource());
  }

  @Test
  void expiredMarkersOfTheConsumerGoInBoundedBatchesAndAllOthersStay() throws Exception {
    // Given
    markers("shipping", "old ", 25, "8 days");
    markers("shipping", "young ", 2, "6 days");
    markers("billing", "other ", 1, "8 days");
    AtomicInteger transactions = new AtomicInteger();
    InboxTransactions counting =
        work -> {
          transactions.incrementAndGet();
          jdbc().inTransaction(work);
        };

    // When
    long deleted = retention(counting, 10).deleteExpired();

    // Then
    assertThat(deleted).isEqualTo(25);
    assertThat(transactions).hasValue(3);
    assertThat(Effects.markers(database)).containsExactly("other 1", "young 1", "young 2");
  }

  @Test
  void whatAnotherInstanceIsRemovingIsPassedBy() throws Exception {
    // Given
    markers("shipping", "old ", 5, "8 days");
    try (Connection other = database.begin()) {
      TestDatabase.execute(
          other, "select 1 from inbox_event where event_id in ('old 1', 'old 2') for update");

      // When: it does not wait
      long deleted = retention(jdbc(), 10).deleteExpired();

      // Then
      assertThat(deleted).isEqualTo(3);
      assertThat(Effects.markers(database)).containsExactly("old 1", "old 2");
    }
  }

  @Test
  void theIndexFindsWhatIsExpired() throws SQLException {
    // Given
    markers("shipping", "young ", 5_000, "1 day");
    database.execute("analyze inbox_event");

    // Then
    assertThat(
            String.join(
                "\n",
                database.query(
                    """
                    explain select 1 from inbox_event
                    where consumer = 'shipping' and processed_at < now() - interval '7 days'
                    order by processed_at limit 1000 for update skip locked
                    """)))
        .contains("inbox_event_expiry");
  }

  @Test
  void aRunnerRemovesWhatIsExpiredByItself() throws SQLException {
    // Given
    markers(topic.consumer(), "old ", 3, "9 days");
    markers(topic.consumer(), "young ", 1, "1 day");

    // When
    InboxRunner runner = started(runner().retention(Duration.ofDays(8)));

    // Then
    awaitTrue(() -> Effects.markers(database).equals(List.of("young 1")));
    assertThat(runner.failure()).isEmpty();
  }

  @Test
  void aWindowShorterThanTheTopicsIsRefusedWithBothValuesAndTheRemedy() {
    // Given
    kafka.configureTopic(topic.name(), "retention.ms", "604800000");
    InboxRunner runner = runner().retention(Duration.ofDays(3)).build();

    // Then
    assertThatThrownBy(runner::start)
        .isInstanceOf(InboxStartException.class)
        .hasCauseInstanceOf(RetentionTooShortException.class)
        .hasMessageContaining(topic.name())
        .hasMessageContaining("retention.ms=604800000 (PT168H)")
        .hasMessageContaining("keeps markers for PT72H")
        .hasMessageContaining("lower the topic's retention.ms");
  }

  @Test
  void theLongestRetryIsPartOfWhatIsNeeded() {
    // Given: a week of records, and 3 attempts with an hour between them
    kafka.configureTopic(topic.name(), "retention.ms", "604800000");
    InboxRunnerBuilder builder =
        runner().attempts(3).retryWait(Duration.ofHours(1), Duration.ofHours(1));

    // Then
    InboxRunner tooShort = builder.retention(WEEK.plusMinutes(119)).build();
    assertThatThrownBy(tooShort::start)
        .hasMessageContaining("a retry may take PT2H")
        .hasMessageContaining("keep them for at least PT170H");
    started(builder.retention(WEEK.plusMinutes(120)));
  }

  @ParameterizedTest
  @CsvSource({"retention.ms, -1", "cleanup.policy, compact"})
  void aTopicThatKeepsRecordsForEverIsRefusedUnlessOneIsContentWithAWarning(
      String setting, String value) {
    // Given
    kafka.configureTopic(topic.name(), setting, value);
    InboxRunner refusing = runner().retention(Duration.ofDays(365)).build();

    // Then
    assertThatThrownBy(refusing::start)
        .hasMessageContaining("keeps records for ever")
        .hasMessageContaining(setting + "=" + value);
    started(runner().retention(Duration.ofDays(365), RetentionCheck.WARN));
  }

  @Test
  void aWindowThatIsNoneAndOneWithoutMarkersAreRefused() {
    assertThatThrownBy(
            () -> InboxRetention.of("shipping", jdbc(), InboxTable.DEFAULT, Duration.ZERO))
        .hasMessageContaining("must be positive");
    assertThatThrownBy(
            () -> runner().deduplication(Deduplication.byPosition()).retention(WEEK).build())
        .hasMessageContaining("by position there are no markers");
  }
}
