package dev.outbox.idempotency.http;

import java.sql.Connection;

/** The work of a request whose effect is rows in the service's own database. */
@FunctionalInterface
public interface AtomicWork {

  /**
   * Called at most once. Do the work on this connection, or on whatever takes part in its
   * transaction. Neither commit nor close it, and let nothing of the answer go out yet.
   *
   * @return the answer, whole
   * @throws Exception to roll back and release the key
   */
  StoredResponse run(Connection connection) throws Exception;
}
