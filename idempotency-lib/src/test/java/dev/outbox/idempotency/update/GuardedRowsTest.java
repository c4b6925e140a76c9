package dev.outbox.idempotency.update;

import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.update.UpdateResult.Conflict;
import dev.outbox.idempotency.update.UpdateResult.Missing;
import dev.outbox.idempotency.update.UpdateResult.Updated;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@WithLocalStack
class GuardedRowsTest {

  record Article(String text, long version) {}

  private static final GuardedRows<Article> ARTICLES =
      GuardedRows.of(
          "article",
          "id",
          "text, version",
          row -> new Article(row.getString("text"), row.getLong("version")));

  private final TestDatabase database;

  GuardedRowsTest(PostgresServer postgres) throws SQLException {
    database = TestDatabase.empty(postgres);
    database.execute(
        "create table article (id bigint, text text, version bigint not null default 1)");
    database.execute("insert into article (id, text) values (1, 'first')");
  }

  @Test
  void aRowThatIsWhatTheCallerHasSeenIsUpdatedAndItsNewStateGiven() throws SQLException {
    assertThat(edit(1, 1, "second")).isEqualTo(new Updated<>(new Article("second", 2)));
    assertThat(edit(1, 2, "third")).isEqualTo(new Updated<>(new Article("third", 3)));
  }

  @Test
  void whoHasSeenAnOlderVersionGetsTheCurrentOneAndChangesNothing() throws SQLException {
    // Given
    edit(1, 1, "second");

    // Then
    assertThat(edit(1, 1, "lost")).isEqualTo(new Conflict<>(new Article("second", 2)));
    assertThat(database.query("select text from article")).containsExactly("second");
  }

  @Test
  void aRowThatIsNotThereIsMissingAndNotAConflict() throws SQLException {
    assertThat(edit(2, 1, "x")).isEqualTo(new Missing<>());
  }

  @Test
  void anotherRowIsNotTouchedWhateverTheConditionSays() throws SQLException {
    // Given
    database.execute("insert into article (id, text) values (2, 'other')");

    // When: a condition that would hold for it too, were it not in parentheses
    try (Connection connection = database.begin()) {
      UpdateResult<Article> result =
          ARTICLES.row(1).set("text = 'x'").onlyIf("false or version = 1").execute(connection);
      connection.commit();

      // Then
      assertThat(result).isEqualTo(new Updated<>(new Article("x", 1)));
    }
    assertThat(database.query("select text from article order by id"))
        .containsExactly("x", "other");
  }

  @Test
  void ofManyWithTheSameVersionOneWinsAndNoneIsLost() {
    // When
    List<CompletableFuture<UpdateResult<Article>>> edits =
        IntStream.range(0, 16)
            .mapToObj(i -> supplyAsync(() -> editUnchecked("text " + i), TestDatabase.THREAD_EACH))
            .toList();
    List<UpdateResult<Article>> results =
        edits.stream().map(edit -> edit.orTimeout(30, TimeUnit.SECONDS).join()).toList();

    // Then: each loser is shown the winner's state
    assertThat(results).filteredOn(Updated.class::isInstance).hasSize(1);
    assertThat(results)
        .filteredOn(Conflict.class::isInstance)
        .hasSize(15)
        .allSatisfy(
            result -> assertThat(((Conflict<Article>) result).current().version()).isEqualTo(2));
  }

  private UpdateResult<Article> editUnchecked(String text) {
    try {
      return edit(1, 1, text);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void underReadCommittedTheSecondWaitsAndJudgesByWhatTheFirstLeft(boolean firstCommits)
      throws SQLException {
    try (Connection first = database.begin();
        Connection second = database.begin()) {
      // Given: the second's transaction has seen the row before
      TestDatabase.execute(second, "select * from article");
      edit(first, 1, 1, "of the first");

      // When
      CompletableFuture<UpdateResult<Article>> waiting =
          supplyAsync(() -> editUnchecked(second), TestDatabase.THREAD_EACH);
      await().atMost(PATIENCE).until(() -> database.waitingForLocks().size() == 1);
      if (firstCommits) {
        first.commit();
      } else {
        first.rollback();
      }

      // Then
      assertThat(waiting)
          .succeedsWithin(PATIENCE)
          .isEqualTo(
              firstCommits
                  ? new Conflict<>(new Article("of the first", 2))
                  : new Updated<>(new Article("of the second", 2)));
    }
  }

  private static UpdateResult<Article> editUnchecked(Connection connection) {
    try {
      return edit(connection, 1, 1, "of the second");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_SERIALIZABLE})
  void underStricterIsolationTheSecondFailsAndItsRepetitionSeesTheConflict(int isolation)
      throws SQLException {
    try (Connection second = database.begin()) {
      // Given
      second.setTransactionIsolation(isolation);
      TestDatabase.execute(second, "select * from article");
      edit(1, 1, "of the first");

      // Then
      assertThatThrownBy(() -> edit(second, 1, 1, "of the second"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("40001"));
      second.rollback();
      assertThat(edit(second, 1, 1, "of the second"))
          .isEqualTo(new Conflict<>(new Article("of the first", 2)));
    }
  }

  @Test
  void aKeyThatNamesSeveralRowsIsAnError() throws SQLException {
    database.execute("insert into article (id, text) values (1, 'twin')");
    assertThatThrownBy(() -> edit(1, 1, "x"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("id of article names several rows");
    assertThat(database.query("select version from article")).containsExactly("1", "1");
  }

  private UpdateResult<Article> edit(long id, long seen, String text) throws SQLException {
    try (Connection connection = database.begin()) {
      UpdateResult<Article> result = edit(connection, id, seen, text);
      connection.commit();
      return result;
    }
  }

  private static UpdateResult<Article> edit(Connection connection, long id, long seen, String text)
      throws SQLException {
    return ARTICLES
        .row(id)
        .set("text = ?, version = version + 1", text)
        .onlyIf("version = ?", seen)
        .execute(connection);
  }
}
