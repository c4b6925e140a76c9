package dev.outbox.idempotency.inbox.spring;

import dev.outbox.idempotency.inbox.InboxTransactions;
import javax.sql.DataSource;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.DefaultTransactionDefinition;

/**
 * Gives an {@link dev.outbox.idempotency.inbox.InboxRunner} Spring-managed transactions, so that
 * its handler may use repositories, {@code JdbcClient}, JPA or jOOQ beans: they join the
 * transaction of the marker.
 *
 * @param transactionManager must manage the data source; a runner refuses to start when it does not
 * @param dataSource where the markers are
 */
record SpringTransactions(PlatformTransactionManager transactionManager, DataSource dataSource)
    implements InboxTransactions {

  @Override
  public void inTransaction(Work work) throws Exception {
    TransactionStatus status =
        transactionManager.getTransaction(
            new DefaultTransactionDefinition(TransactionDefinition.PROPAGATION_REQUIRES_NEW));
    try {
      work.run(BoundConnection.of(dataSource));
    } catch (Throwable failure) {
      rollback(status, failure);
      throw failure;
    }
    transactionManager.commit(status);
  }

  private void rollback(TransactionStatus status, Throwable failure) {
    try {
      transactionManager.rollback(status);
    } catch (TransactionException e) {
      failure.addSuppressed(e);
    }
  }
}
