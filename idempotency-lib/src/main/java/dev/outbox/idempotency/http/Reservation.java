package dev.outbox.idempotency.http;

import java.nio.charset.StandardCharsets;
import java.sql.Connection;

/**
 * The right of one attempt to do the work of a request that calls third parties. It lasts as long
 * as its heartbeat; a next attempt begins where this one stopped recording. Used by the thread that
 * does the work.
 */
public interface Reservation {

  /** Names the record. */
  RecordId id();

  /**
   * Grows with each attempt of this request. A resource that remembers the largest it has seen can
   * refuse an attempt that comes late.
   */
  long fence();

  /**
   * The key to send to a third party with this step: the same at every attempt, another one for
   * every other request and step, and it does not give away the client's key. So a call whose
   * answer was lost may be repeated.
   *
   * @return 64 hexadecimal digits
   */
  String keyFor(String step);

  /**
   * Do a step unless an earlier attempt has recorded it, and record its result. If the process dies
   * between doing and recording, the next attempt does it again, with the same {@link #keyFor key}.
   *
   * @param step its name, unique within the work
   * @return the result, of this attempt or the one that did it
   * @throws SupersededException when another attempt has taken over; the step may have been done
   */
  <E extends Exception> byte[] step(String step, Step<byte[], E> work) throws E;

  /** {@link #step} whose result is text. */
  default <E extends Exception> String textStep(String step, Step<String, E> work) throws E {
    return new String(
        this.<E>step(step, () -> work.run().getBytes(StandardCharsets.UTF_8)),
        StandardCharsets.UTF_8);
  }

  /**
   * Do a step in the service's own database, unless an earlier attempt has done it: its rows and
   * its record commit in one transaction, and they do not when another attempt has taken over.
   *
   * @return the result, of this attempt or the one that did it
   * @throws SupersededException when another attempt has taken over; the step is rolled back
   * @throws IllegalStateException when the records are not in that database
   * @throws Exception what the work or the database threw; the step is rolled back
   */
  byte[] localStep(String step, LocalStep work) throws Exception;

  /**
   * Stands in where a request passes without a key: each step is done and nothing is recorded.
   *
   * @param transactions for local steps
   */
  static Reservation unkeyed(IdempotencyTransactions transactions) {
    return new UnkeyedReservation(transactions);
  }

  /** A step in the service's own database. */
  @FunctionalInterface
  interface LocalStep {

    /**
     * Called once.
     *
     * @param connection of the transaction, which is neither committed nor closed here
     * @return the result to record
     */
    byte[] run(Connection connection) throws Exception;
  }

  /**
   * A step of the work.
   *
   * @param <T> its result
   * @param <E> what it may throw
   */
  @FunctionalInterface
  interface Step<T, E extends Exception> {

    T run() throws E;
  }
}
