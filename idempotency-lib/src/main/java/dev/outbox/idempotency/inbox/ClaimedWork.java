package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.TransactionRequiredException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;

/**
 * Claim and effects as one: when an effect fails, what was claimed is undone with it, whatever the
 * caller makes of the exception.
 */
final class ClaimedWork {

  /** Takes the markers, or moves the marks, of a batch. */
  @FunctionalInterface
  interface Claim {
    Claimed take() throws SQLException;
  }

  private ClaimedWork() {}

  static <E extends Exception> Claimed apply(
      Connection connection, Claim claim, BatchEffect<E> effect) throws SQLException, E {
    Savepoint beforeMarkers = connection.setSavepoint();
    try {
      Claimed claimed = claim.take();
      for (int i = 0; i < claimed.size(); i++) {
        if (claimed.isNew(i)) {
          effect.apply(i);
        }
      }
      // Fails when an effect swallowed a database error or ended the transaction. Needed, because
      // a commit of an aborted transaction rolls back and the driver does not say so.
      connection.releaseSavepoint(beforeMarkers);
      return claimed;
    } catch (Throwable failure) {
      rollback(connection, beforeMarkers, failure);
      throw failure;
    }
  }

  static void requireTransaction(Connection connection, String consumer) throws SQLException {
    if (connection.getAutoCommit()) {
      throw new TransactionRequiredException(
          "The inbox of consumer '%s' was given a connection in auto-commit mode, where marker and"
                  .formatted(consumer)
              + " effect would not commit together. Call connection.setAutoCommit(false), or use"
              + " the connection of the running transaction (with Spring: @Transactional and"
              + " DataSourceUtils.getConnection). Nothing was written.");
    }
  }

  private static void rollback(Connection connection, Savepoint savepoint, Throwable failure) {
    try {
      connection.rollback(savepoint);
    } catch (SQLException e) {
      // Then the whole transaction is lost, marker included; the first failure is what matters.
      failure.addSuppressed(e);
    }
  }
}
