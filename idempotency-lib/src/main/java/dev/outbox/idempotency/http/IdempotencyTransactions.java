package dev.outbox.idempotency.http;

import java.sql.Connection;
import javax.sql.DataSource;

/** Where transactions come from: plain JDBC, or a framework that manages them. */
public interface IdempotencyTransactions {

  /**
   * Run the work in a new transaction, of its own even if one is running, and commit unless the
   * work decides otherwise. When this returns, the work is durable or rolled back as decided; when
   * it throws, it is rolled back, or the commit itself failed and its outcome is unknown.
   *
   * @throws Exception what the work or the database threw
   */
  <T> T inTransaction(Work<T> work) throws Exception;

  /** Transactions over connections of this pool, each returned to it afterwards. */
  static IdempotencyTransactions of(DataSource dataSource) {
    return new JdbcIdempotencyTransactions(dataSource);
  }

  /**
   * What to do inside the transaction.
   *
   * @param <T> its result
   */
  @FunctionalInterface
  interface Work<T> {

    /** Called once, with the connection of the transaction. */
    Decision<T> run(Connection connection) throws Exception;
  }

  /**
   * What is to become of the transaction.
   *
   * @param result what the work brought
   * @param commit or roll back
   */
  record Decision<T>(T result, boolean commit) {

    static <T> Decision<T> commit(T result) {
      return new Decision<>(result, true);
    }

    static <T> Decision<T> rollBack(T result) {
      return new Decision<>(result, false);
    }
  }
}
