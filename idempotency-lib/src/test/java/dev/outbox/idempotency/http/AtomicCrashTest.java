package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.Requests.ORDERS;
import static dev.outbox.idempotency.http.Requests.admitted;
import static dev.outbox.idempotency.http.Requests.bodyOf;
import static dev.outbox.idempotency.http.Requests.newKey;
import static dev.outbox.idempotency.http.Requests.order;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.FaultProxy;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;

/** Whenever the connection dies, there is one effect, and every later answer is the same. */
@WithLocalStack
class AtomicCrashTest {

  private enum Moment {
    BEFORE_CLAIM,
    AFTER_CLAIM,
    BETWEEN_BUSINESS_ROW_AND_RESPONSE,
    BEFORE_COMMIT,
    AFTER_COMMIT_BEFORE_ANSWER
  }

  private final TestDatabase database;
  private volatile @Nullable Moment killAt;
  private final String key = newKey();

  AtomicCrashTest(PostgresServer postgres) throws SQLException {
    database = OrderService.database(postgres);
  }

  @ParameterizedTest
  @EnumSource
  void aConnectionKilledAtAnyMomentLeavesOneEffectAndOneAnswer(Moment moment) throws Exception {
    try (Idempotency idempotency = over(database, new Killing(database))) {
      // Given
      killAt = moment;
      assertThatThrownBy(() -> place(idempotency)).isInstanceOf(SQLException.class);
      boolean committed = moment == Moment.AFTER_COMMIT_BEFORE_ANSWER;
      assertThat(OrderService.orders(database)).hasSize(committed ? 1 : 0);
      assertThat(OrderService.events(database)).hasSize(committed ? 1 : 0);
      assertThat(database.query("select state from idempotency_key")).hasSize(committed ? 1 : 0);

      // When
      killAt = null;
      Outcome second = place(idempotency);
      Outcome third = place(idempotency);

      // Then
      assertThat(second).isInstanceOf(committed ? Outcome.Replayed.class : Outcome.Executed.class);
      assertThat(third).isInstanceOf(Outcome.Replayed.class);
      assertThat(bodyOf(third)).isEqualTo(bodyOf(second));
      assertThat(OrderService.orders(database)).containsExactly("milk");
      assertThat(OrderService.events(database)).hasSize(1);
    }
  }

  @Test
  void aCommitWhoseAnswerIsLostIsSettledByTheRepeat(PostgresServer postgres) throws Exception {
    try (FaultProxy proxy = FaultProxy.before(postgres.port())) {
      // Given
      TestDatabase throughProxy =
          new TestDatabase(
              database.url().replace(":" + postgres.port() + "/", ":" + proxy.port() + "/"),
              database.user(),
              database.password());
      IdempotencyTransactions losing = losingTheCommitsAnswer(throughProxy, proxy);
      try (Idempotency unlucky = over(database, losing);
          Idempotency idempotency = over(database, new Killing(database))) {
        assertThatThrownBy(() -> place(unlucky)).isInstanceOf(SQLException.class);

        // Then
        assertThat(place(idempotency)).isInstanceOf(Outcome.Replayed.class);
        assertThat(OrderService.orders(database)).containsExactly("milk");
        assertThat(OrderService.events(database)).hasSize(1);
      }
    }
  }

  private static IdempotencyTransactions losingTheCommitsAnswer(
      TestDatabase throughProxy, FaultProxy proxy) {
    IdempotencyTransactions usual = IdempotencyTransactions.of(throughProxy.dataSource());
    return new IdempotencyTransactions() {
      @Override
      public <T> T inTransaction(Work<T> work) throws Exception {
        return usual.inTransaction(
            connection -> {
              Decision<T> decision = work.run(connection);
              proxy.cutAtAnswer();
              return decision;
            });
      }
    };
  }

  private static Idempotency over(TestDatabase database, IdempotencyTransactions transactions) {
    return Idempotency.over(
            new PostgresIdempotencyStore(
                database.dataSource(), IdempotencyTable.DEFAULT, Duration.ofSeconds(20)))
        .transactions(transactions)
        .build();
  }

  private Outcome place(Idempotency idempotency) throws Exception {
    return idempotency.atomic(
        admitted(idempotency, ORDERS, order(key, "milk")),
        connection -> {
          killIf(Moment.AFTER_CLAIM, connection);
          StoredResponse response = OrderService.place(connection, "milk", key);
          killIf(Moment.BETWEEN_BUSINESS_ROW_AND_RESPONSE, connection);
          return response;
        });
  }

  private void killIf(Moment moment, Connection connection) throws SQLException {
    if (killAt == moment) {
      int backend = connection.unwrap(PGConnection.class).getBackendPID();
      database.query("select pg_terminate_backend(%d, 10000)".formatted(backend));
    }
  }

  /** Transactions whose connection is killed at the moment that was chosen. */
  private final class Killing implements IdempotencyTransactions {

    private final IdempotencyTransactions usual;

    Killing(TestDatabase database) {
      usual = IdempotencyTransactions.of(database.dataSource());
    }

    @Override
    public <T> T inTransaction(Work<T> work) throws Exception {
      T result =
          usual.inTransaction(
              connection -> {
                killIf(Moment.BEFORE_CLAIM, connection);
                Decision<T> decision = work.run(connection);
                killIf(Moment.BEFORE_COMMIT, connection);
                return decision;
              });
      if (killAt == Moment.AFTER_COMMIT_BEFORE_ANSWER) {
        throw new SQLException("the process is gone before it has answered");
      }
      return result;
    }
  }
}
