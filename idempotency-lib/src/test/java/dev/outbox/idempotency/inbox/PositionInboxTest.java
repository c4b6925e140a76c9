package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@WithLocalStack
class PositionInboxTest {

  private final PositionInbox inbox = PositionInbox.forConsumer("shipping");
  private final TestDatabase database;

  PositionInboxTest(PostgresServer postgres) throws SQLException {
    database = Effects.withInbox(postgres);
  }

  @Test
  void whatIsAtOrBelowTheMarkIsARepeatAndWhatIsBeyondIsNew() throws SQLException {
    // When: after a crash of the relay a run of events comes again as a whole
    deliver(inbox, Positions.records(Positions.at(1), Positions.at(2), Positions.at(3)));
    deliver(inbox, Positions.records(Positions.at(2), Positions.at(3), Positions.at(4)));

    // Then
    assertThat(Effects.in(database))
        .containsExactly(Positions.at(1), Positions.at(2), Positions.at(3), Positions.at(4));
    assertThat(marks()).containsExactly("orders-0 " + Positions.at(4));
  }

  @Test
  void everyEventTakesEffectOnceHoweverItsRunIsCutAndRepeated() throws SQLException {
    // Given: 40 transactions of 1 to 5 events
    Random random = new Random(7);
    List<String> all = new ArrayList<>();
    for (int transaction = 0; transaction < 40; transaction++) {
      int base = transaction;
      IntStream.range(0, 1 + random.nextInt(5))
          .forEach(index -> all.add(Positions.at(1, 0xfff0L + base * 0x10L, index)));
    }

    // When: the relay goes back any number of events, and the consumer reads in any batches
    int next = 0;
    while (next < all.size()) {
      int from = Math.max(0, next - random.nextInt(12));
      int to = Math.min(all.size(), next + random.nextInt(9));
      deliver(inbox, Positions.records(all.subList(from, to).toArray(String[]::new)));
      next = to;
    }

    // Then
    assertThat(Effects.in(database)).isEqualTo(all);
    assertThat(database.query("select count(*) from inbox_position")).containsExactly("1");
  }

  @Test
  void aRunThatRepeatsWithinABatchCountsOnce() throws SQLException {
    // When
    Claimed claimed =
        deliver(
            inbox,
            Positions.records(
                Positions.at(1),
                Positions.at(2),
                Positions.at(1),
                Positions.at(2),
                Positions.at(3)));

    // Then
    assertThat(IntStream.range(0, 5).mapToObj(claimed::isNew))
        .containsExactly(true, true, false, false, true);
    assertThat(claimed.repeats()).isEqualTo(2);
  }

  @Test
  void partitionsRelaysAndConsumersHaveMarksOfTheirOwn() throws SQLException {
    // Given
    deliver(inbox, Positions.records(Positions.at(9)));
    RecordPosition otherRelay =
        new RecordPosition("orders", 0, "another relay", Positions.at(1), false);

    // Then: positions below that mark are new there
    assertThat(deliver(inbox, List.of(Positions.record(1, Positions.at(1)))).isNew(0)).isTrue();
    assertThat(deliver(inbox, List.of(otherRelay)).isNew(0)).isTrue();
    assertThat(
            deliver(PositionInbox.forConsumer("billing"), Positions.records(Positions.at(1)))
                .isNew(0))
        .isTrue();
    assertThat(marks()).hasSize(4);
  }

  @Test
  void anEffectThatFailsTakesTheMarkBackWithItEvenWhenTheCallerCommits() throws SQLException {
    // Given
    deliver(inbox, Positions.records(Positions.at(1)));

    // When
    try (Connection connection = database.begin()) {
      assertThatThrownBy(
              () ->
                  inbox.processBatch(
                      connection,
                      Positions.records(Positions.at(2)),
                      index -> {
                        throw new IOException("no");
                      }))
          .isInstanceOf(IOException.class);
      connection.commit();
    }

    // Then
    assertThat(marks()).containsExactly("orders-0 " + Positions.at(1));
    assertThat(deliver(inbox, Positions.records(Positions.at(2))).isNew(0)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void aFormerOwnerOfThePartitionAndTheNewOneTakeTurnsAtTheMark(boolean markExists, boolean commits)
      throws SQLException {
    // Given: the former owner is in the middle of its transaction
    if (markExists) {
      deliver(inbox, Positions.records(Positions.at(1)));
    }
    List<RecordPosition> batch = Positions.records(Positions.at(2), Positions.at(3));
    try (Connection former = database.begin()) {
      inbox.claim(former, batch);

      // When: the new owner reads the same records again
      CompletableFuture<Claimed> newOwner =
          supplyAsync(() -> uncheckedDelivery(batch), TestDatabase.THREAD_EACH);
      await().atMost(PATIENCE).until(() -> database.waitingForLocks().size() == 1);
      assertThat(newOwner).isNotDone();
      if (commits) {
        former.commit();
      } else {
        former.rollback();
      }

      // Then
      assertThat(newOwner.join().repeats()).isEqualTo(commits ? 2 : 0);
    }
    assertThat(marks()).containsExactly("orders-0 " + Positions.at(3));
  }

  @Test
  void anOwnerThatWakesUpLateCannotSetTheMarkBack() throws SQLException {
    // Given
    deliver(inbox, Positions.records(Positions.at(1), Positions.at(2), Positions.at(3)));

    // When
    Claimed late = deliver(inbox, Positions.records(Positions.at(1), Positions.at(2)));

    // Then
    assertThat(late.repeats()).isEqualTo(2);
    assertThat(marks()).containsExactly("orders-0 " + Positions.at(3));
  }

  @Test
  void whatIsFurtherInTheLogIsNewInALaterEpochAndNothingOfAnEarlierOneIs() throws SQLException {
    // Given
    deliver(inbox, Positions.records(Positions.at(1, 0x500, 3)));

    // When: the replica was promoted, and the former primary's relay had one request on its way
    Claimed claimed =
        deliver(
            inbox,
            Positions.records(
                Positions.at(2, 0x500, 4), Positions.at(1, 0x600, 0), Positions.at(2, 0x700, 0)));

    // Then
    assertThat(IntStream.range(0, 3).mapToObj(claimed::isNew)).containsExactly(true, false, true);
  }

  @Test
  void aDoubtfulPositionOfANewEpochIsRefusedWithBothWaysOut() throws SQLException {
    // Given
    deliver(inbox, Positions.records(Positions.at(1, 0x500, 3)));

    // Then
    assertThatThrownBy(() -> deliver(inbox, Positions.records(Positions.at(2, 0x500, 3))))
        .isInstanceOf(PositionRefusedException.class)
        .hasMessageContaining("orders-0")
        .hasMessageContaining(Positions.at(1, 0x500, 3))
        .hasMessageContaining(Positions.at(2, 0x500, 3))
        .hasMessageContaining("NewEpoch.SAME_LOG")
        .hasMessageContaining("NewEpoch.NEW_LOG");
    assertThat(marks()).containsExactly("orders-0 " + Positions.at(1, 0x500, 3));
  }

  @Test
  void afterAPromotionWhatTheServerSendsAgainIsARepeatUpToWhereTheLogWas() throws SQLException {
    // Given
    deliver(inbox, Positions.records(Positions.at(1, 0x400, 0), Positions.at(1, 0x500, 0)));

    // When
    Claimed claimed =
        deliver(
            inbox.withNewEpoch(NewEpoch.SAME_LOG),
            Positions.records(
                Positions.at(2, 0x400, 0), Positions.at(2, 0x500, 0), Positions.at(2, 0x600, 0)));

    // Then
    assertThat(IntStream.range(0, 3).mapToObj(claimed::isNew)).containsExactly(false, false, true);
  }

  @Test
  void inANewLogEverythingOfTheNewEpochIsNewOnce() throws SQLException {
    // Given
    PositionInbox newLog = inbox.withNewEpoch(NewEpoch.NEW_LOG);
    deliver(inbox, Positions.records(Positions.at(1, 0x500, 0)));

    // When
    Claimed claimed =
        deliver(
            newLog,
            Positions.records(
                Positions.at(2, 0x10, 0), Positions.at(2, 0x20, 0), Positions.at(2, 0x10, 0)));

    // Then
    assertThat(IntStream.range(0, 3).mapToObj(claimed::isNew)).containsExactly(true, true, false);
  }

  @Test
  void positionsAreComparedAsUnsignedNumbers() throws SQLException {
    // Given
    deliver(inbox, Positions.records(Positions.at(1, Long.MAX_VALUE, 0x7fff_ffff)));

    // When
    Claimed claimed =
        deliver(
            inbox,
            Positions.records(
                Positions.at(1, Long.MAX_VALUE, 0x8000_0000), Positions.at(1, Long.MIN_VALUE, 0)));

    // Then
    assertThat(claimed.repeats()).isZero();
    assertThat(marks()).containsExactly("orders-0 00000001-8000000000000000-00000000");
  }

  @Test
  void aTopicWithAnotherNumberOfPartitionsIsRefusedAlsoOnAPartitionWithoutAMark()
      throws SQLException {
    // Given
    try (Connection connection = database.begin()) {
      inbox.claim(connection, Positions.records(Positions.at(1)), topic -> 2);
      connection.commit();
    }

    // Then
    for (int partition : List.of(0, 3)) {
      try (Connection connection = database.begin()) {
        assertThatThrownBy(
                () ->
                    inbox.claim(
                        connection,
                        List.of(Positions.record(partition, Positions.at(2))),
                        topic -> 4))
            .isInstanceOf(PositionRefusedException.class)
            .hasMessageContaining("has 4 partitions, and had 2")
            .hasMessageContaining("set partitions = 4");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1-2-3", "00000001-0000000000000002-0000000G", "''"})
  void textThatIsNoPositionIsRefused(String text) {
    assertThatThrownBy(() -> Positions.record(0, text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("outbox-position");
  }

  private List<String> marks() throws SQLException {
    return database.query(
        "select topic || '-' || partition || ' ' || position from inbox_position order by 1");
  }

  private Claimed deliver(PositionInbox to, List<RecordPosition> records) throws SQLException {
    try (Connection connection = database.begin()) {
      Claimed claimed =
          to.processBatch(
              connection,
              records,
              index -> Effects.insert(connection, records.get(index).position()));
      connection.commit();
      return claimed;
    }
  }

  private Claimed uncheckedDelivery(List<RecordPosition> records) {
    try {
      return deliver(inbox, records);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
