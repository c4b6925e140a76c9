package dev.outbox.idempotency.http;

import dev.outbox.idempotency.http.IdempotencyTransactions.Decision;
import java.util.UUID;

/** Steps that are not recorded, under keys that nobody else has. */
final class UnkeyedReservation implements Reservation {

  private final IdempotencyTransactions transactions;
  private final RecordId id =
      new RecordId(new Digest("unkeyed").add(UUID.randomUUID().toString()).hex());

  UnkeyedReservation(IdempotencyTransactions transactions) {
    this.transactions = transactions;
  }

  @Override
  public RecordId id() {
    return id;
  }

  @Override
  public long fence() {
    return 0;
  }

  @Override
  public String keyFor(String step) {
    return id.keyFor(step);
  }

  @Override
  public <E extends Exception> byte[] step(String step, Step<byte[], E> work) throws E {
    return work.run();
  }

  @Override
  public byte[] localStep(String step, LocalStep work) throws Exception {
    return transactions.inTransaction(connection -> Decision.commit(work.run(connection)));
  }
}
