package dev.outbox.idempotency.http;

/** The work of a request that calls third parties. */
@FunctionalInterface
public interface ReservedWork {

  /**
   * Do the work in {@link Reservation#step steps}.
   *
   * @return the answer, whole
   * @throws Exception to release the key; recorded steps stay recorded
   */
  StoredResponse run(Reservation reservation) throws Exception;
}
