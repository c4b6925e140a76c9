package dev.outbox.idempotency.http;

import java.util.Optional;

/** Whether and how a request goes on. */
public sealed interface Admission {

  /** Under its key: {@link Idempotency#atomic} or {@link Idempotency#reserved}. */
  record Keyed(IdempotentCall call) implements Admission {}

  /**
   * As if there were no keys. Afterwards call {@link Idempotency#observed} with the status, if
   * there is something to observe.
   */
  record Unkeyed(Optional<IdempotentCall> observed) implements Admission {}

  /** Not at all. */
  record Refused(Outcome.Refusal refusal) implements Admission {}
}
