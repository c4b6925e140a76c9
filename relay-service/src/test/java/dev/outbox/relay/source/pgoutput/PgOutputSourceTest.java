package dev.outbox.relay.source.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.source.OutboxSource;
import dev.outbox.relay.source.OutboxSourceContract;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.debezium.DebeziumSource;
import java.util.concurrent.atomic.AtomicInteger;
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

  @Test
  void whatWasReadBeforeAPlaceWhereTheServerFailsIsSettledFirst() {
    // Given good events, and behind them one on which decoding fails within the server
    SlotStart start = start();
    for (int i = 0; i < 20; i++) {
      database.insert("Order", "1", "good");
    }
    database.execute(
        """
        alter publication %s set table outbox_event where (1 / (length(type) - 3) is not null);
        insert into outbox_event(id, aggregatetype, aggregateid, type)
        values (gen_random_uuid(), 'Order', '1', 'Bad');
        """
            .formatted(database.slot()));
    // When they are read
    AtomicInteger events = new AtomicInteger();
    AtomicInteger callsBehindThem = new AtomicInteger();
    try (OutboxSource source = source(settings, start)) {
      assertThatThrownBy(
              () ->
                  source.run(
                      (batch, more, confirmation) -> {
                        if (events.get() == 20) {
                          callsBehindThem.incrementAndGet();
                        }
                        batch.forEach(item -> events.addAndGet(item instanceof Decoded ? 1 : 0));
                        return true;
                      }))
          .isInstanceOf(RelayException.class);
    }
    // Then the run ends only when the handler could finish what it had begun with the good ones
    assertThat(events).hasValue(20);
    assertThat(callsBehindThem).hasPositiveValue();
  }
}
