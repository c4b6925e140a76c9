package dev.outbox.idempotency.http;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/** Transactions by plain JDBC. */
record JdbcIdempotencyTransactions(DataSource dataSource) implements IdempotencyTransactions {

  @Override
  public <T> T inTransaction(Work<T> work) throws Exception {
    try (Connection connection = dataSource.getConnection()) {
      boolean autoCommit = connection.getAutoCommit();
      connection.setAutoCommit(false);
      try {
        Decision<T> decision = work.run(connection);
        if (decision.commit()) {
          connection.commit();
        } else {
          connection.rollback();
        }
        connection.setAutoCommit(autoCommit);
        return decision.result();
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
