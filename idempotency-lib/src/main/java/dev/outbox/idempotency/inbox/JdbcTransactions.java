package dev.outbox.idempotency.inbox;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Transactions by plain JDBC. */
record JdbcTransactions(DataSource dataSource) implements InboxTransactions {

  @Override
  public void inTransaction(Work work) throws Exception {
    try (Connection connection = dataSource.getConnection()) {
      boolean autoCommit = connection.getAutoCommit();
      connection.setAutoCommit(false);
      try {
        work.run(connection);
        connection.commit();
        connection.setAutoCommit(autoCommit);
      } catch (Throwable failure) {
        undo(connection, autoCommit, failure);
        throw failure;
      }
    }
  }

  private static void undo(Connection connection, boolean autoCommit, Throwable failure) {
    try {
      connection.rollback();
      connection.setAutoCommit(autoCommit);
    } catch (SQLException e) {
      // The connection is gone and the server rolls back by itself; the first failure matters.
      failure.addSuppressed(e);
    }
  }
}
