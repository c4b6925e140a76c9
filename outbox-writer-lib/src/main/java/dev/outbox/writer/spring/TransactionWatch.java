package dev.outbox.writer.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.transaction.TransactionExecution;
import org.springframework.transaction.TransactionExecutionListener;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Gives each transaction its {@link TransactionGuard} from the begin. */
final class TransactionWatch implements TransactionExecutionListener {

  @Override
  public void afterBegin(TransactionExecution transaction, @Nullable Throwable failure) {
    if (failure == null && TransactionSynchronizationManager.isSynchronizationActive()) {
      TransactionGuard.ofCurrentTransaction();
    }
  }
}
