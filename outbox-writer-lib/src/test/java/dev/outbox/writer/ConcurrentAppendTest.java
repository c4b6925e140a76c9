package dev.outbox.writer;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two transactions that process the same command and so derive the same event ID. */
@WithLocalStack
class ConcurrentAppendTest {

  private final JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");
  private final ExecutorService second = Executors.newSingleThreadExecutor();
  private TestDatabase database;
  private Connection firstTransaction;
  private Connection secondTransaction;

  @BeforeEach
  void begin(PostgresServer server) throws SQLException {
    database = TestDatabase.withOutbox(server);
    firstTransaction = database.begin();
    secondTransaction = database.begin();
  }

  @AfterEach
  void end() throws SQLException {
    firstTransaction.close();
    second.shutdownNow();
    secondTransaction.close();
  }

  @Test
  void theSecondWaitsForTheFirstsCommitAndReportsTheDuplicate() throws Exception {
    // Given
    assertThat(append(firstTransaction).appended()).isTrue();

    // When
    Future<AppendResult> result = second.submit(() -> append(secondTransaction));
    awaitThatTheSecondWaits();
    firstTransaction.commit();

    // Then
    assertThat(result.get(10, TimeUnit.SECONDS).duplicate()).isTrue();
    secondTransaction.commit();
    assertThat(database.rows("select 1 from outbox_event")).hasSize(1);
  }

  @Test
  void theSecondWaitsForTheFirstsRollbackAndAppends() throws Exception {
    // Given
    append(firstTransaction);

    // When
    Future<AppendResult> result = second.submit(() -> append(secondTransaction));
    awaitThatTheSecondWaits();
    firstTransaction.rollback();

    // Then
    assertThat(result.get(10, TimeUnit.SECONDS).appended()).isTrue();
    secondTransaction.commit();
    assertThat(database.rows("select 1 from outbox_event")).hasSize(1);
  }

  @Test
  void atRepeatableReadTheSecondFailsAsSerializationFailureAndItsRepetitionReportsTheDuplicate()
      throws Exception {
    // Given a snapshot older than the first's commit
    secondTransaction.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    TestDatabase.rows(secondTransaction, "select 1 from outbox_event");
    append(firstTransaction);
    firstTransaction.commit();

    // When, then
    assertThatThrownBy(() -> append(secondTransaction))
        .isInstanceOfSatisfying(
            AppendException.class,
            e -> assertThat(e.sqlException().getSQLState()).isEqualTo("40001"));
    secondTransaction.rollback();
    assertThat(append(secondTransaction).duplicate()).isTrue();
  }

  private AppendResult append(Connection transaction) {
    return outbox
        .writer(transaction)
        .append(OutboxEvent.of("Payment", "123", "Captured", "{}").withBusinessKey("payment-123"));
  }

  private void awaitThatTheSecondWaits() {
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                database.rows(
                    "select 1 from pg_stat_activity where datname = current_database()"
                        + " and wait_event_type = 'Lock' and query like 'insert into%'"),
            waiting -> waiting.size() == 1);
  }
}
