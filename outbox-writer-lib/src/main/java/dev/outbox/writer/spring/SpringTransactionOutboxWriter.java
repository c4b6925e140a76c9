package dev.outbox.writer.spring;

import dev.outbox.writer.AppendResult;
import dev.outbox.writer.NoTransactionException;
import dev.outbox.writer.Outbox;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.ReadOnlyTransactionException;
import java.sql.Connection;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Appends on the connection of the current Spring transaction, whoever manages it: JDBC, JPA or
 * jOOQ. Safe for use by several threads, as the transaction is the calling thread's.
 */
public final class SpringTransactionOutboxWriter implements OutboxWriter {

  private static final String OVER = "the Spring transaction is over";

  private final Outbox outbox;
  private final DataSource dataSource;

  /**
   * For applications that define their outboxes themselves, such as those with several data
   * sources.
   *
   * @param dataSource the one that the transaction manager uses
   */
  public SpringTransactionOutboxWriter(Outbox outbox, DataSource dataSource) {
    this.outbox = outbox;
    this.dataSource = withoutProxy(dataSource);
  }

  /** Transaction managers bind their connection under the proxy's target, not under the proxy. */
  private static DataSource withoutProxy(DataSource dataSource) {
    if (dataSource instanceof TransactionAwareDataSourceProxy proxy) {
      DataSource target = proxy.getTargetDataSource();
      return target == null ? dataSource : target;
    }
    return dataSource;
  }

  @Override
  public List<AppendResult> append(List<OutboxEvent> events) {
    requireWritableTransaction();
    requireNotYetCommitted();
    Connection connection = DataSourceUtils.getConnection(dataSource);
    try {
      return outbox.writer(connection).append(events);
    } finally {
      DataSourceUtils.releaseConnection(connection, dataSource);
    }
  }

  /**
   * An active transaction is not enough, as it may be that of another resource: this data source's
   * connection must be bound to it already. Otherwise a connection would be borrowed here whose
   * work nobody commits together with the business change.
   */
  private void requireWritableTransaction() {
    if (!TransactionSynchronizationManager.isActualTransactionActive()) {
      throw noTransaction("no Spring transaction is active on this thread");
    }
    if (!TransactionSynchronizationManager.isSynchronizationActive()) {
      throw noTransaction(OVER);
    }
    if (!TransactionSynchronizationManager.hasResource(dataSource)) {
      throw noTransaction("the active Spring transaction does not manage the outbox's DataSource");
    }
    if (TransactionSynchronizationManager.isCurrentTransactionReadOnly()) {
      throw new ReadOnlyTransactionException(
          "Cannot append to the "
              + outbox
              + ": the Spring transaction is read-only. Remove readOnly = true from the outermost"
              + " @Transactional.");
    }
  }

  private void requireNotYetCommitted() {
    TransactionGuard guard = TransactionGuard.ofCurrentTransaction();
    if (guard.over()) {
      throw noTransaction(OVER);
    }
    guard.appending(dataSource);
  }

  private NoTransactionException noTransaction(String problem) {
    return new NoTransactionException(
        "Cannot append to the "
            + outbox
            + ": "
            + problem
            + ". Call it from a @Transactional method or a TransactionTemplate whose transaction"
            + " manager uses this DataSource, on the thread that began the transaction.");
  }
}
