package dev.outbox.idempotency.inbox;

import java.sql.Connection;
import javax.sql.DataSource;

/** Where the runner gets its transactions from: plain JDBC, or a framework that manages them. */
public interface InboxTransactions {

  /**
   * Run the work in a new transaction and commit. When this returns, the work is durable; when it
   * throws, the work is rolled back, or the commit itself failed and its outcome is unknown, which
   * the markers settle at the next attempt.
   *
   * @throws Exception what the work or the database threw
   */
  void inTransaction(Work work) throws Exception;

  /** Transactions over connections of this pool, each returned to it afterwards. */
  static InboxTransactions of(DataSource dataSource) {
    return new JdbcTransactions(dataSource);
  }

  /** What to do inside the transaction. */
  @FunctionalInterface
  interface Work {

    /** Called once, with the connection of the transaction. */
    void run(Connection connection) throws Exception;
  }
}
