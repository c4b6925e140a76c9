package dev.outbox.writer.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.transaction.ConfigurableTransactionManager;
import org.springframework.transaction.TransactionExecution;
import org.springframework.transaction.TransactionExecutionListener;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Gives each transaction its {@link TransactionGuard} from the begin, and refuses a commit that
 * would leave an event out. Spring Boot hands it to the transaction managers that it configures; it
 * adds itself to those that the application defines.
 */
final class TransactionWatch implements TransactionExecutionListener, BeanPostProcessor {

  @Override
  public Object postProcessAfterInitialization(Object bean, String name) {
    if (bean instanceof ConfigurableTransactionManager manager
        && !manager.getTransactionExecutionListeners().contains(this)) {
      manager.addListener(this);
    }
    return bean;
  }

  @Override
  public void afterBegin(TransactionExecution transaction, @Nullable Throwable failure) {
    if (failure == null && TransactionSynchronizationManager.isSynchronizationActive()) {
      TransactionGuard.ofCurrentTransaction();
    }
  }

  /**
   * Spring calls this last, behind {@code beforeCommit} and {@code beforeCompletion} of all
   * synchronizations, and an exception from here still rolls back.
   */
  @Override
  public void beforeCommit(TransactionExecution transaction) {
    // A savepoint that is released comes by here as well; its transaction will.
    if (transaction.isNewTransaction()
        && TransactionSynchronizationManager.isSynchronizationActive()) {
      TransactionGuard.ofCurrentTransaction().requireNothingLost();
    }
  }
}
