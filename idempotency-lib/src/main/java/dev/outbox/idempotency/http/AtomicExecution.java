package dev.outbox.idempotency.http;

import dev.outbox.idempotency.http.IdempotencyTransactions.Decision;
import dev.outbox.idempotency.http.OutcomePolicy.Disposition;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/** Atomic mode: claim, work and stored answer in one transaction. */
final class AtomicExecution {

  /** Between two looks a record can expire, or its maker roll back; more is no chance. */
  private static final int ATTEMPTS = 5;

  private static final String SERIALIZATION_FAILURE = "40001";

  private static final Duration NO_LEASE = Duration.ZERO;

  private final PostgresIdempotencyStore store;
  private final IdempotencyTransactions transactions;
  private final Duration retryAfter;
  private final Set<String> neverStored;

  AtomicExecution(
      PostgresIdempotencyStore store,
      IdempotencyTransactions transactions,
      Duration retryAfter,
      Set<String> neverStored) {
    this.store = store;
    this.transactions = transactions;
    this.retryAfter = retryAfter;
    this.neverStored = neverStored;
  }

  Outcome run(IdempotentCall call, AtomicWork work) throws Exception {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      Attempt result = attempt(call, work);
      if (result instanceof Attempt.Done done) {
        return done.outcome();
      }
      if (result instanceof Attempt.Refused refused) {
        return remember(call, refused.response());
      }
      Optional<Outcome> earlier = earlier(call);
      if (earlier.isPresent()) {
        return earlier.get();
      }
    }
    return new Outcome.InProgress(retryAfter);
  }

  private Attempt attempt(IdempotentCall call, AtomicWork work) throws Exception {
    return transactions.inTransaction(
        connection -> {
          Optional<Long> fence;
          try {
            fence = claim(connection, call);
          } catch (SQLException e) {
            return Decision.rollBack(lost(e));
          }
          return fence.isPresent()
              ? decide(connection, call, fence.get(), work.run(connection))
              : Decision.rollBack(new Attempt.Taken());
        });
  }

  private Decision<Attempt> decide(
      Connection connection, IdempotentCall call, long fence, StoredResponse response)
      throws SQLException {
    Disposition disposition = call.endpoint().outcomes().of(response.status());
    if (disposition == Disposition.ROLL_BACK_AND_RELEASE) {
      return Decision.rollBack(new Attempt.Done(new Outcome.Executed(response, Optional.empty())));
    }
    if (disposition == Disposition.ROLL_BACK_AND_STORE) {
      return Decision.rollBack(new Attempt.Refused(response));
    }
    return store(connection, call, fence, response);
  }

  /**
   * Store a final refusal, which has no effect, after its rows are rolled back.
   *
   * @return what counts: where another attempt has come between, its answer; where that has rolled
   *     back, this refusal, and the next attempt runs again
   */
  private Outcome remember(IdempotentCall call, StoredResponse response) throws Exception {
    Attempt result =
        transactions.inTransaction(
            connection -> {
              try {
                Optional<Long> fence = claim(connection, call);
                return fence.isPresent()
                    ? store(connection, call, fence.get(), response)
                    : Decision.rollBack(new Attempt.Taken());
              } catch (SQLException e) {
                return Decision.rollBack(lost(e));
              }
            });
    return result instanceof Attempt.Done done
        ? done.outcome()
        : earlier(call).orElseGet(() -> new Outcome.Executed(response, Optional.empty()));
  }

  /** The right to do the work, until the transaction ends; empty when somebody else has done it. */
  private Optional<Long> claim(Connection connection, IdempotentCall call) throws SQLException {
    PostgresRecords records = store.records();
    Optional<Long> fence = records.insert(connection, call.claim(), NO_LEASE, store.waitLimit());
    // A record that reserved mode has abandoned, before the endpoint's mode was changed.
    return fence.isPresent()
        ? fence
        : records.takeOver(connection, call.claim(), NO_LEASE).map(Claim.Claimed::fence);
  }

  /**
   * Last in the transaction: fails when the work has swallowed a database error, which aborted the
   * transaction, or has ended it. A commit would not tell.
   */
  private Decision<Attempt> store(
      Connection connection, IdempotentCall call, long fence, StoredResponse response)
      throws SQLException {
    ClaimRequest claim = call.claim();
    Optional<Instant> remembered =
        store
            .records()
            .complete(connection, claim.id(), fence, response.without(neverStored), claim.window());
    if (remembered.isEmpty()) {
      throw new IllegalStateException(
          "The claim of endpoint '%s' is gone before its transaction ended: the work must neither"
                  .formatted(call.endpoint().name())
              + " commit nor roll back by itself.");
    }
    return Decision.commit(new Attempt.Done(new Outcome.Executed(response, remembered)));
  }

  /** What an earlier attempt has left; empty when that is nothing, and this one may try. */
  private Optional<Outcome> earlier(IdempotentCall call) {
    return store.find(call.claim()).map(claim -> claim.outcome(retryAfter));
  }

  /**
   * 55P03: another transaction holds the claim for longer than we wait. 40001: that transaction has
   * committed, and the isolation level keeps this one from seeing it.
   */
  private Attempt lost(SQLException e) throws SQLException {
    if (PostgresIdempotencyStore.meansBusy(e)) {
      return new Attempt.Done(new Outcome.InProgress(retryAfter));
    }
    if (SERIALIZATION_FAILURE.equals(e.getSQLState())) {
      return new Attempt.Taken();
    }
    throw e;
  }

  /** What one transaction came to. */
  private sealed interface Attempt {

    /** An outcome. */
    record Done(Outcome outcome) implements Attempt {}

    /** A final refusal, rolled back. */
    record Refused(StoredResponse response) implements Attempt {}

    /** Nothing: somebody else has the key. */
    record Taken() implements Attempt {}
  }
}
