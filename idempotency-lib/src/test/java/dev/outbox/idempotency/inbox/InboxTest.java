package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

@WithLocalStack
class InboxTest {

  private static final EventKey EVENT = new EventKey("orders", "e1");

  private final Inbox inbox = Inbox.forConsumer("shipping");
  private final TestDatabase database;

  InboxTest(PostgresServer postgres) throws SQLException {
    database = Effects.withInbox(postgres);
  }

  @Test
  void theEffectIsAppliedOnceHoweverOftenTheEventIsDelivered() throws SQLException {
    // When
    boolean first = deliver(inbox, EVENT);
    boolean second = deliver(inbox, EVENT);
    boolean third = deliver(inbox, EVENT);

    // Then
    assertThat(List.of(first, second, third)).containsExactly(true, false, false);
    assertThat(Effects.in(database)).containsExactly("e1");
  }

  @Test
  void twoConsumersDoNotHideEachOthersEvents() throws SQLException {
    // When
    boolean shipping = deliver(inbox, EVENT);
    boolean billing = deliver(Inbox.forConsumer("billing"), EVENT);

    // Then
    assertThat(List.of(shipping, billing)).containsOnly(true);
  }

  @Test
  void theSameIdFromTwoSourcesIsTwoEvents() throws SQLException {
    // When
    boolean orders = deliver(inbox, EVENT);
    boolean payments = deliver(inbox, new EventKey("payments", "e1"));

    // Then
    assertThat(List.of(orders, payments)).containsOnly(true);
  }

  @Test
  void anEffectThatFailsTakesItsMarkerWithItEvenWhenTheCallerCommits() throws SQLException {
    // Given
    try (Connection connection = database.begin()) {
      assertThatThrownBy(
              () ->
                  inbox.process(
                      connection,
                      EVENT,
                      () -> {
                        Effects.insert(connection, "half done");
                        throw new IOException("no");
                      }))
          .isInstanceOf(IOException.class);
      connection.commit();
    }
    assertThat(Effects.in(database)).isEmpty();
    assertThat(Effects.markers(database)).isEmpty();

    // Then
    assertStillNew();
  }

  @Test
  void anEffectThatSwallowsADatabaseErrorDoesNotCountAsApplied() throws SQLException {
    // When
    try (Connection connection = database.begin()) {
      assertThatThrownBy(
              () ->
                  inbox.process(
                      connection,
                      EVENT,
                      () ->
                          assertThatThrownBy(() -> TestDatabase.execute(connection, "nonsense"))
                              .isInstanceOf(SQLException.class)))
          .isInstanceOf(SQLException.class);
      connection.commit();
    }

    // Then
    assertThat(Effects.markers(database)).isEmpty();
  }

  @Test
  void aTransactionRolledBackLeavesTheEventNew() throws SQLException {
    // Given
    try (Connection connection = database.begin()) {
      inbox.process(connection, EVENT, () -> Effects.insert(connection, "e1"));
      connection.rollback();
    }

    // Then
    assertStillNew();
  }

  @Test
  void aConnectionInAutoCommitModeIsRefusedWithTheRemedyAndNothingIsWritten() throws SQLException {
    // When
    try (Connection connection = database.dataSource().getConnection()) {
      assertThatThrownBy(() -> inbox.claim(connection, List.of(EVENT)))
          .isInstanceOf(TransactionRequiredException.class)
          .hasMessageContaining("shipping")
          .hasMessageContaining("setAutoCommit(false)");
      assertThatThrownBy(() -> inbox.process(connection, EVENT, () -> {}))
          .isInstanceOf(TransactionRequiredException.class);
    }

    // Then
    assertThat(Effects.markers(database)).isEmpty();
  }

  @Test
  void aBatchTellsItsNewKeysInOrderAndCountsARepeatWithinItOnce() throws SQLException {
    // Given
    deliver(inbox, EVENT);
    EventKey two = new EventKey("orders", "e2");
    EventKey three = new EventKey("orders", "e3");

    // When
    Claimed claimed;
    try (Connection connection = database.begin()) {
      claimed = inbox.claim(connection, List.of(three, EVENT, two, three, two));
      connection.commit();
    }

    // Then
    assertThat(IntStream.range(0, 5).mapToObj(claimed::isNew))
        .containsExactly(true, false, true, false, false);
    assertThat(claimed.newKeys()).containsExactly(three, two);
    assertThat(claimed.repeats()).isEqualTo(3);
    assertThat(Effects.markers(database)).containsExactly("e1", "e2", "e3");
  }

  @Test
  void aBatchOfAnySizeIsOneStatement() throws SQLException {
    // Given
    StatementCount count = new StatementCount();
    List<EventKey> keys = keys(5_000);

    // When
    Claimed claimed;
    try (Connection connection = database.begin()) {
      claimed = inbox.claim(count.over(connection), keys);
      connection.commit();
    }

    // Then
    assertThat(count.markers).hasValue(1);
    assertThat(claimed.newKeys()).isEqualTo(keys);
  }

  @Test
  void anEmptyBatchIsNoStatement() throws SQLException {
    // Given
    StatementCount count = new StatementCount();

    // When
    try (Connection connection = database.begin()) {
      assertThat(inbox.claim(count.over(connection), List.of()).size()).isZero();
    }

    // Then
    assertThat(count.markers).hasValue(0);
  }

  @Test
  void aClaimOfAKeyInFlightWaitsAndIsARepeatOnceTheFirstCommits() throws SQLException {
    // When
    boolean second = deliverWhileAnotherHoldsTheKeyUntil(Connection::commit);

    // Then
    assertThat(second).isFalse();
    assertThat(Effects.in(database)).isEmpty();
  }

  @Test
  void aClaimOfAKeyInFlightWaitsAndIsTheFirstWhenTheOtherRollsBack() throws SQLException {
    // When
    boolean second = deliverWhileAnotherHoldsTheKeyUntil(Connection::rollback);

    // Then
    assertThat(second).isTrue();
    assertThat(Effects.in(database)).containsExactly("e1");
  }

  @Test
  void overlappingBatchesInOppositeOrderDoNotDeadlock() throws SQLException {
    // Given: a third transaction holds the middle key until both others are under way
    List<EventKey> ascending = keys(3);
    List<EventKey> descending = ascending.stream().sorted(Collections.reverseOrder(BY_ID)).toList();
    try (Connection holder = database.begin()) {
      inbox.claim(holder, List.of(ascending.get(1)));
      CompletableFuture<Integer> one =
          supplyAsync(() -> uncheckedClaim(ascending), TestDatabase.THREAD_EACH);
      awaitWaiting(1);
      CompletableFuture<Integer> other =
          supplyAsync(() -> uncheckedClaim(descending), TestDatabase.THREAD_EACH);
      awaitWaiting(2);

      // When
      holder.rollback();

      // Then
      assertThat(one.join() + other.join()).isEqualTo(3);
    }
    assertThat(Effects.markers(database)).hasSize(3);
  }

  @Test
  void theLongestAllowedKeyFitsTheIndex() throws SQLException {
    // Given: text that does not compress, four bytes of UTF-8 each
    Random random = new Random(1);
    Inbox longest = Inbox.forConsumer(noise(random, MarkerText.LONGEST_CONSUMER / 4));
    EventKey key =
        new EventKey(
            noise(random, MarkerText.LONGEST_SOURCE / 4), noise(random, MarkerText.LONGEST_ID / 4));

    // When
    boolean first = deliver(longest, key);

    // Then
    assertThat(first).isTrue();
    assertThat(deliver(longest, key)).isFalse();
  }

  @Test
  void anyTableNameIsAnIdentifierAndNeverAStatement() throws SQLException {
    // Given
    InboxTable table = InboxTable.in("Team \"A\"", "in'box\"; drop table effect; --");
    database.migrate(dataSource -> InboxSchema.migrate(dataSource, table));
    database.openToService("\"Team \"\"A\"\"\"", table.quoted());
    Inbox strange = Inbox.forConsumer("shipping", table);

    // When
    boolean first = deliver(strange, EVENT);

    // Then
    assertThat(first).isTrue();
    assertThat(deliver(strange, EVENT)).isFalse();
    assertThat(Effects.markers(database)).isEmpty();
  }

  private static final Comparator<EventKey> BY_ID = Comparator.comparing(EventKey::id);

  private static List<EventKey> keys(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> new EventKey("orders", "e%05d".formatted(i)))
        .toList();
  }

  private static String noise(Random random, int characters) {
    return random
        .ints(characters, 0x10000, 0x1FFFF)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private void assertStillNew() throws SQLException {
    assertThat(deliver(inbox, EVENT)).isTrue();
    assertThat(Effects.in(database)).containsExactly("e1");
  }

  private boolean deliver(Inbox to, EventKey key) throws SQLException {
    try (Connection connection = database.begin()) {
      boolean applied = to.process(connection, key, () -> Effects.insert(connection, key.id()));
      connection.commit();
      return applied;
    }
  }

  private interface End {
    void of(Connection transaction) throws SQLException;
  }

  private boolean deliverWhileAnotherHoldsTheKeyUntil(End end) throws SQLException {
    try (Connection first = database.begin()) {
      inbox.claim(first, List.of(EVENT));
      CompletableFuture<Boolean> second =
          supplyAsync(() -> uncheckedDelivery(EVENT), TestDatabase.THREAD_EACH);
      awaitWaiting(1);
      end.of(first);
      return second.join();
    }
  }

  private boolean uncheckedDelivery(EventKey key) {
    try {
      return deliver(inbox, key);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private int uncheckedClaim(List<EventKey> keys) {
    try (Connection connection = database.begin()) {
      int fresh = inbox.claim(connection, keys).newKeys().size();
      connection.commit();
      return fresh;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void awaitWaiting(int transactions) {
    await().atMost(PATIENCE).until(() -> database.waitingForLocks().size() == transactions);
  }
}
