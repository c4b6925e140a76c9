package dev.outbox.idempotency.http;

import dev.outbox.idempotency.http.IdempotencyListener.Event;
import dev.outbox.idempotency.http.OutcomePolicy.Disposition;
import java.time.Duration;
import java.util.List;

/** Stage observe: what would have happened, recorded beside the keys and never in their way. */
final class Observation {

  private static final Duration LEASE = Duration.ofSeconds(1);

  private final IdempotencyStore store;

  Observation(IdempotencyStore store) {
    this.store = store;
  }

  Event of(IdempotentCall call, int status) {
    try {
      return call.endpoint().outcomes().of(status) == Disposition.ROLL_BACK_AND_RELEASE
          ? Event.RELEASED
          : seen(call.claim(), status);
    } catch (IdempotencyStoreException e) {
      return Event.OBSERVATION_FAILED;
    }
  }

  private Event seen(ClaimRequest request, int status) {
    Claim claim = store.claim(request, LEASE);
    if (claim instanceof Claim.Claimed claimed) {
      StoredResponse nothing = new StoredResponse(status, List.of(), new byte[0]);
      store.complete(request.id(), claimed.fence(), nothing, request.window());
      return Event.OBSERVED_FIRST;
    }
    return claim instanceof Claim.Mismatch ? Event.OBSERVED_MISMATCH : Event.OBSERVED_REPEAT;
  }
}
