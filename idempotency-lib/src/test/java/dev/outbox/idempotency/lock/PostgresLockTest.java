package dev.outbox.idempotency.lock;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

@WithLocalStack
class PostgresLockTest extends DistributedLockContract {

  private static final String ADVISORY_LOCKS =
      """
      from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())
      """;

  private final TestDatabase database;

  PostgresLockTest(PostgresServer postgres) {
    database = TestDatabase.empty(postgres);
  }

  @Override
  DistributedLock lock() {
    return PostgresLock.session(database.dataSource());
  }

  @Test
  void aLockWhoseConnectionEndedIsFreeAndItsHolderFindsOut() throws SQLException {
    // Given
    HeldLock lost = held(lock().tryAcquire(name));

    // When: as the server does when the holder's process is killed
    database.execute("select pg_terminate_backend(pid) " + ADVISORY_LOCKS);

    // Then
    await().atMost(PATIENCE).until(() -> lock().tryAcquire(name) instanceof LockResult.Acquired);
    assertThat(lost.renew()).isFalse();
    lost.release();
  }

  @Test
  void aPoolGetsItsConnectionsBackAsTheyWereAndFreeOfLocks() throws SQLException {
    try (HikariDataSource pool = new HikariDataSource()) {
      // Given
      pool.setDataSource(database.dataSource());
      pool.setMaximumPoolSize(2);
      pool.setAutoCommit(false);
      DistributedLock pooled = PostgresLock.session(pool);

      // When
      for (int i = 0; i < 5; i++) {
        try (HeldLock held = held(pooled.tryAcquire(name))) {
          assertThat(pooled.tryAcquire(name)).isEqualTo(new LockResult.Busy());
          assertThat(held.fence()).isPresent();
        }
      }

      // Then
      try (Connection connection = pool.getConnection()) {
        assertThat(connection.getAutoCommit()).isFalse();
      }
      assertThat(database.query("select 1 " + ADVISORY_LOCKS)).isEmpty();
    }
  }

  @Test
  void aDatabaseThatRefusesIsUnavailable() {
    DistributedLock refused =
        PostgresLock.session(
            new TestDatabase(database.url(), database.user(), "wrong").dataSource());
    assertThat(refused.tryAcquire(name)).isInstanceOf(LockResult.Unavailable.class);
  }

  @Test
  void aTransactionsLockLastsUntilItsEndWhetherReleasedOrNot() throws SQLException {
    try (Connection first = database.begin();
        Connection second = database.begin()) {
      // Given
      HeldLock held = held(PostgresLock.transaction(first).tryAcquire(name));
      assertThat(held.fence()).isEmpty();
      assertThat(held.renew()).isTrue();
      held.release();

      // Then: busy for other transactions and sessions, not for itself
      assertThat(PostgresLock.transaction(second).tryAcquire(name))
          .isEqualTo(new LockResult.Busy());
      assertThat(lock().tryAcquire(name)).isEqualTo(new LockResult.Busy());
      held(PostgresLock.transaction(first).tryAcquire(name));
      first.commit();
      held(PostgresLock.transaction(second).tryAcquire(name));
    }
  }

  @Test
  void aTransactionsLockNeedsATransaction() throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      assertThatThrownBy(() -> PostgresLock.transaction(connection))
          .isInstanceOf(TransactionRequiredException.class)
          .hasMessageContaining("setAutoCommit(false)");
    }
  }
}
