package dev.outbox.relay.source.debezium;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.source.OutboxSource;
import dev.outbox.relay.source.OutboxSourceContract;
import dev.outbox.relay.source.SlotStart;
import java.util.List;
import org.apache.kafka.connect.errors.RetriableException;

class DebeziumSourceTest extends OutboxSourceContract {

  @Override
  protected OutboxSource source(RelaySettings settings, SlotStart start) {
    return new DebeziumSource(settings, start);
  }

  /** Connect's retriable exception, let through, would have Debezium skip the batch. */
  @Override
  protected List<RuntimeException> failuresOfAHandler() {
    return List.of(new IllegalStateException("scripted"), new RetriableException("scripted"));
  }
}
