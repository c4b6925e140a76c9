package dev.outbox.writer.spring;

import dev.outbox.writer.OutboxWriter;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.PayloadApplicationEvent;
import org.springframework.core.Ordered;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Appends published domain events that have a mapping; see {@link OutboxMapping}. */
final class DomainEventListener implements ApplicationListener<ApplicationEvent>, Ordered {

  private final OutboxMappings mappings;
  private final OutboxWriter writer;

  DomainEventListener(OutboxMappings mappings, OutboxWriter writer) {
    this.mappings = mappings;
    this.writer = writer;
  }

  @Override
  public void onApplicationEvent(ApplicationEvent event) {
    Object domainEvent =
        event instanceof PayloadApplicationEvent<?> published ? published.getPayload() : event;
    try {
      mappings
          .forClass(domainEvent.getClass())
          .ifPresent(mapping -> mapping.append(domainEvent, writer));
    } catch (RuntimeException | Error e) {
      preventCommit(e);
      throw e;
    }
  }

  /**
   * The exception alone would not do: an error handler of the application's event multicaster, or a
   * catch around {@code publishEvent}, would let the business change be committed without the
   * event.
   */
  private static void preventCommit(Throwable failure) {
    if (TransactionSynchronizationManager.isSynchronizationActive()
        && TransactionSynchronizationManager.isActualTransactionActive()) {
      TransactionGuard.ofCurrentTransaction().lost(failure);
    }
  }

  /** Another thread would be outside of the transaction. */
  @Override
  public boolean supportsAsyncExecution() {
    return false;
  }

  /** Before listeners that publish further events in reaction to this one. */
  @Override
  public int getOrder() {
    return HIGHEST_PRECEDENCE;
  }
}
