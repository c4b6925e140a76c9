package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.Requests.created;
import static dev.outbox.idempotency.http.Requests.utf8;
import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

@WithLocalStack
class PostgresIdempotencyStoreTest extends IdempotencyStoreContract {

  private final TestDatabase database;
  private final PostgresIdempotencyStore store;

  PostgresIdempotencyStoreTest(PostgresServer postgres) throws SQLException {
    database = OrderService.database(postgres);
    store =
        new PostgresIdempotencyStore(
            database.dataSource(), IdempotencyTable.DEFAULT, Duration.ofMillis(50));
  }

  @Override
  IdempotencyStore store() {
    return store;
  }

  @Test
  void theRecordHoldsScopeRequestHashStateTimesAndTheKeyOnlyAsAHash() throws SQLException {
    // When
    store.complete(request.id(), claimed(request), created("done"), WINDOW);

    // Then
    assertThat(
            database.query(
                """
                select concat_ws(' ', tenant, principal, endpoint, encode(request_hash, 'hex'), state,
                  response_status, expires_at between clock_timestamp() + interval '23 hours'
                    and created_at + interval '24 hours 1 minute')
                from idempotency_key
                """))
        .containsExactly("acme alice orders.place " + "01".repeat(32) + " completed 201 t");
    assertThat(database.query("select row_to_json(idempotency_key)::text from idempotency_key"))
        .noneMatch(row -> row.contains("k1"));
  }

  @Test
  void expiredRecordsAreDeletedInBoundedBatchesWithoutWaitingForAnybody() throws SQLException {
    // Given
    for (int i = 0; i < 5; i++) {
      ClaimRequest expired = request("k" + i, request.fingerprint(), WINDOW);
      store.complete(expired.id(), claimed(expired), created("done"), WINDOW);
    }
    database.execute("update idempotency_key set expires_at = now()");
    claimed(request("kept", request.fingerprint(), WINDOW));
    try (Connection busy = database.begin()) {
      TestDatabase.execute(
          busy,
          "select from idempotency_key where state = 'completed' order by id limit 1 for update");

      // Then
      assertThat(store.deleteExpired(3)).isEqualTo(3);
      assertThat(store.deleteExpired(3)).isEqualTo(1);
    }
    assertThat(store.deleteExpired(3)).isEqualTo(1);
    assertThat(store.deleteExpired(3)).isZero();
    assertThat(database.query("select state from idempotency_key")).containsExactly("in_progress");
  }

  @Test
  void aHeartbeatDoesNotWaitForALocalStepThatHoldsTheRecord() throws SQLException {
    // Given
    long fence = claimed(request);
    try (Connection step = database.begin()) {
      store.records().recordStep(step, request.id(), fence, "local", utf8(""));

      // Then
      assertThatThrownBy(() -> store.renew(request.id(), fence, LONG))
          .isInstanceOf(IdempotencyStoreException.class)
          .hasRootCauseInstanceOf(SQLException.class);
    }
    assertThat(store.renew(request.id(), fence, LONG)).isTrue();
  }

  @Test
  void nobodyTakesOverWhileALocalStepIsAboutToCommit() throws SQLException {
    // Given
    long fence = claimed(request);
    try (Connection step = database.begin()) {
      store.records().recordStep(step, request.id(), fence, "local", utf8("done"));
      CompletableFuture<Void> ended =
          CompletableFuture.runAsync(
              () -> {
                assertThat(store.claim(request, LONG)).isEqualTo(new Claim.InProgress());
              },
              TestDatabase.THREAD_EACH);
      assertThat(ended).succeedsWithin(PATIENCE);
      step.commit();
    }

    // When
    store.release(request.id(), fence);

    // Then
    assertThat(((Claim.Claimed) store.claim(request, LONG)).steps()).containsOnlyKeys("local");
  }

  @Test
  void aTableOfAnotherNameInAnotherSchemaIsUsed() throws SQLException {
    // Given
    IdempotencyTable table = IdempotencyTable.in("Team \"A\"", "keys of team");
    database.migrate(dataSource -> IdempotencySchema.migrate(dataSource, table));
    database.openToService("\"Team \"\"A\"\"\"", table.quoted());

    // When
    new PostgresIdempotencyStore(database.dataSource(), table, LONG).claim(request, LONG);

    // Then
    assertThat(database.query("select state from \"Team \"\"A\"\"\".\"keys of team\""))
        .containsExactly("in_progress");
  }
}
