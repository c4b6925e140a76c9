package dev.outbox.relay.source.pgoutput;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.source.OutboxSource;
import dev.outbox.relay.source.OutboxSourceContract;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.source.debezium.DebeziumSource;
import org.junit.jupiter.api.Test;

class PgOutputSourceTest extends OutboxSourceContract {

  @Override
  protected OutboxSource source(RelaySettings settings, SlotStart start) {
    return new PgOutputSource(settings, start);
  }

  @Test
  void readsTheSameEventsAtTheSamePositionsAsDebezium() throws Exception {
    assertReadsTheSameAs(DebeziumSource::new);
  }
}
