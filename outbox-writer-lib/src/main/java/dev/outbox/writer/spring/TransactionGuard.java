package dev.outbox.writer.spring;

import dev.outbox.writer.NoTransactionException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Knows whether the current Spring transaction has been committed, and whether it may be. In
 * callbacks after the commit Spring still calls it active and keeps its connection, on which an
 * append would be committed on its own, or lost.
 *
 * <p>One per transaction, from its begin ({@link TransactionWatch}) or from the first append. One
 * that is made after the commit only can tell from the callbacks that it has missed, too late for
 * the caller; then it rolls back.
 */
final class TransactionGuard implements TransactionSynchronization {

  private boolean seenBeforeTheEnd;
  private boolean over;
  private @Nullable DataSource appendedTo;
  private @Nullable Throwable lost;

  private TransactionGuard() {}

  /** The current transaction's. */
  static TransactionGuard ofCurrentTransaction() {
    for (TransactionSynchronization each :
        TransactionSynchronizationManager.getSynchronizations()) {
      if (each instanceof TransactionGuard guard) {
        return guard;
      }
    }
    TransactionGuard guard = new TransactionGuard();
    TransactionSynchronizationManager.registerSynchronization(guard);
    TransactionSynchronizationManager.registerSynchronization(new LastWord(guard));
    return guard;
  }

  boolean over() {
    return over;
  }

  void appending(DataSource dataSource) {
    appendedTo = dataSource;
  }

  /** An event could not be appended: from now on there must be no commit. */
  void lost(Throwable failure) {
    if (!over && lost == null) {
      lost = failure;
    }
  }

  /**
   * @throws LostEventException if the commit would leave an event out
   */
  void requireNothingLost() {
    if (lost != null) {
      throw new LostEventException(lost);
    }
  }

  @Override
  public void beforeCompletion() {
    seenBeforeTheEnd = true;
  }

  /** Comes also to one made in another's {@code beforeCompletion}, which missed its own. */
  @Override
  public void afterCommit() {
    seenBeforeTheEnd = true;
    over = true;
  }

  @Override
  public void afterCompletion(int status) {
    DataSource dataSource = appendedTo;
    if (status == STATUS_COMMITTED && !seenBeforeTheEnd && dataSource != null) {
      rollBack(dataSource);
      throw new NoTransactionException(
          "An event was appended to the outbox after the commit of its Spring transaction, and has"
              + " been rolled back. Append before the commit, or in a transaction of its own"
              + " (Propagation.REQUIRES_NEW).");
    }
    if (status == STATUS_COMMITTED) {
      // Only where nobody could refuse in time, see LastWord: then Spring logs this as an error.
      requireNothingLost();
    }
  }

  private static void rollBack(DataSource dataSource) {
    Connection connection = DataSourceUtils.getConnection(dataSource);
    try {
      connection.rollback();
    } catch (SQLException e) {
      throw new IllegalStateException("Cannot roll back an event appended after the commit", e);
    } finally {
      DataSourceUtils.releaseConnection(connection, dataSource);
    }
  }

  /** Before the callbacks of others, who may append in them. */
  @Override
  public int getOrder() {
    return Ordered.HIGHEST_PRECEDENCE;
  }

  /**
   * Refuses behind the callbacks of others, for transaction managers that no {@link
   * TransactionWatch} listens to: those that are no beans. It cannot refuse what fails in {@code
   * beforeCompletion}, whose exceptions Spring drops.
   */
  private record LastWord(TransactionGuard guard) implements TransactionSynchronization {

    @Override
    public void beforeCommit(boolean readOnly) {
      guard.requireNothingLost();
    }

    @Override
    public int getOrder() {
      return Ordered.LOWEST_PRECEDENCE;
    }
  }
}
