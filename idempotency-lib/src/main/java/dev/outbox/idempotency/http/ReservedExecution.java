package dev.outbox.idempotency.http;

import dev.outbox.idempotency.http.OutcomePolicy.Disposition;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/** Reserved mode: a claim with a lease, the work in steps, then the answer. */
final class ReservedExecution {

  private final IdempotencyStore store;
  private final Optional<IdempotencyTransactions> transactions;
  private final Heartbeats heartbeats;
  private final Duration lease;
  private final Duration retryAfter;
  private final Set<String> neverStored;

  ReservedExecution(
      IdempotencyStore store,
      Optional<IdempotencyTransactions> transactions,
      Heartbeats heartbeats,
      Duration lease,
      Duration retryAfter,
      Set<String> neverStored) {
    this.store = store;
    this.transactions = transactions;
    this.heartbeats = heartbeats;
    this.lease = lease;
    this.retryAfter = retryAfter;
    this.neverStored = neverStored;
  }

  Outcome run(IdempotentCall call, ReservedWork work) throws Exception {
    Claim claim = store.claim(call.claim(), lease);
    if (claim instanceof Claim.Claimed claimed) {
      return run(call, claimed, work);
    }
    return ((Claim.Decided) claim).outcome(retryAfter);
  }

  private Outcome run(IdempotentCall call, Claim.Claimed claimed, ReservedWork work)
      throws Exception {
    RecordId id = call.claim().id();
    try (Heartbeats.Heartbeat heartbeat = heartbeats.keep(id, claimed.fence())) {
      HeldReservation reservation =
          new HeldReservation(store, transactions, id, claimed, heartbeat);
      // Frameworks wrap what a handler throws, or answer it; what was refused stays refused.
      try {
        StoredResponse response = work.run(reservation);
        return reservation.isSuperseded() ? successor(call) : settle(call, claimed, response);
      } catch (Throwable failure) {
        if (reservation.isSuperseded()) {
          return successor(call);
        }
        throw failure;
      }
    } catch (Throwable failure) {
      release(id, claimed, failure);
      throw failure;
    }
  }

  private Outcome settle(IdempotentCall call, Claim.Claimed claimed, StoredResponse response) {
    ClaimRequest request = call.claim();
    if (call.endpoint().outcomes().of(response.status()) == Disposition.ROLL_BACK_AND_RELEASE) {
      store.release(request.id(), claimed.fence());
      return new Outcome.Executed(response, Optional.empty());
    }
    Optional<Instant> remembered =
        store.complete(
            request.id(), claimed.fence(), response.without(neverStored), request.window());
    return remembered.isPresent() ? new Outcome.Executed(response, remembered) : successor(call);
  }

  /** The answer of whoever took over counts, so that all attempts are told the same. */
  private Outcome successor(IdempotentCall call) {
    return store
        .find(call.claim())
        .map(claim -> claim.outcome(retryAfter))
        .orElseGet(() -> new Outcome.InProgress(retryAfter));
  }

  private void release(RecordId id, Claim.Claimed claimed, Throwable failure) {
    try {
      store.release(id, claimed.fence());
    } catch (RuntimeException e) {
      // Then the lease ends by itself; the first failure matters.
      failure.addSuppressed(e);
    }
  }
}
