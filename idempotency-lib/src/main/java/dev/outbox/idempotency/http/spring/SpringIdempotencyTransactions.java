package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.IdempotencyTransactions;
import java.sql.Connection;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.DefaultTransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Spring-managed transactions, so that the handler's {@code @Transactional} beans, {@code
 * JdbcClient}, JPA and jOOQ join the transaction of the record.
 *
 * @param transactionManager must manage the data source
 * @param dataSource where the records are
 */
record SpringIdempotencyTransactions(
    PlatformTransactionManager transactionManager, DataSource dataSource)
    implements IdempotencyTransactions {

  @Override
  public <T> T inTransaction(Work<T> work) throws Exception {
    TransactionStatus status =
        transactionManager.getTransaction(
            new DefaultTransactionDefinition(TransactionDefinition.PROPAGATION_REQUIRES_NEW));
    Decision<T> decision;
    try {
      decision = work.run(connection());
    } catch (Throwable failure) {
      rollback(status, failure);
      throw failure;
    }
    if (decision.commit()) {
      transactionManager.commit(status);
    } else {
      transactionManager.rollback(status);
    }
    return decision.result();
  }

  /**
   * The connection that the transaction manager has bound. Asking for one would not fail where it
   * manages another data source: it would give one in auto-commit mode, and the record would be
   * committed by itself.
   */
  private Connection connection() {
    if (TransactionSynchronizationManager.getResource(dataSource)
        instanceof ConnectionHolder bound) {
      return bound.getConnection();
    }
    throw new IllegalStateException(
        "The transaction manager %s does not manage the data source of the idempotency keys, so"
                .formatted(transactionManager.getClass().getName())
            + " response and business rows would not commit together. Give the application one"
            + " transaction manager for that data source, or define a bean of type"
            + " IdempotencyTransactions. Nothing was written.");
  }

  private void rollback(TransactionStatus status, Throwable failure) {
    try {
      transactionManager.rollback(status);
    } catch (TransactionException e) {
      failure.addSuppressed(e);
    }
  }
}
