package dev.outbox.idempotency.http;

import dev.outbox.idempotency.http.IdempotencyTransactions.Decision;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A reservation in a store. */
final class HeldReservation implements Reservation {

  private final IdempotencyStore store;
  private final Optional<IdempotencyTransactions> transactions;
  private final RecordId id;
  private final long fence;
  private final Map<String, byte[]> done;
  private final Heartbeats.Heartbeat heartbeat;
  private boolean superseded;

  HeldReservation(
      IdempotencyStore store,
      Optional<IdempotencyTransactions> transactions,
      RecordId id,
      Claim.Claimed claimed,
      Heartbeats.Heartbeat heartbeat) {
    this.store = store;
    this.transactions = transactions;
    this.id = id;
    this.fence = claimed.fence();
    this.done = new HashMap<>(claimed.steps());
    this.heartbeat = heartbeat;
  }

  /** Whether a step was refused, whatever the work has made of that. */
  boolean isSuperseded() {
    return superseded;
  }

  @Override
  public RecordId id() {
    return id;
  }

  @Override
  public long fence() {
    return fence;
  }

  @Override
  public String keyFor(String step) {
    return id.keyFor(step);
  }

  @Override
  public <E extends Exception> byte[] step(String step, Step<byte[], E> work) throws E {
    byte[] recorded = done.get(step);
    if (recorded != null) {
      return recorded;
    }
    requireHeld(!heartbeat.lost());
    byte[] result = work.run();
    requireHeld(store.recordStep(id, fence, step, result));
    done.put(step, result);
    return result;
  }

  @Override
  public byte[] localStep(String step, LocalStep work) throws Exception {
    byte[] recorded = done.get(step);
    if (recorded != null) {
      return recorded;
    }
    requireHeld(!heartbeat.lost());
    if (!(store instanceof PostgresIdempotencyStore postgres) || transactions.isEmpty()) {
      throw new IllegalStateException(
          "Step '%s' cannot commit with its record: that takes a PostgresIdempotencyStore and"
                  .formatted(step)
              + " transactions on its database.");
    }
    byte[] result =
        transactions
            .get()
            .inTransaction(
                connection -> {
                  byte[] made = work.run(connection);
                  requireHeld(postgres.records().recordStep(connection, id, fence, step, made));
                  return Decision.commit(made);
                });
    done.put(step, result);
    return result;
  }

  private void requireHeld(boolean held) {
    if (!held) {
      superseded = true;
      throw new SupersededException();
    }
  }
}
