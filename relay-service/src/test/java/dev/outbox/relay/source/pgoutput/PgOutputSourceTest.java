package dev.outbox.relay.source.pgoutput;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.FaultProxy;
import dev.outbox.local.PostgresServer;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.source.OutboxSource;
import dev.outbox.relay.source.OutboxSourceContract;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.source.SourceItem;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.debezium.DebeziumSource;
import dev.outbox.relay.support.TestSettings;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
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

  /** The server would send again what was published, each time the run begins anew. */
  @Test
  void aConfirmationArrivesThoughTheRunFailsRightBehindIt(PostgresServer server) {
    // Given events, much behind them that nobody will read, and a network that loses what the
    // server has not read when a connection is reset
    SlotStart start = start();
    for (int i = 0; i < 20; i++) {
      database.insert("Order", "1", "good");
    }
    database.execute(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', '1', 'Behind', repeat('x', 500)::bytea
        from generate_series(1, 20000)
        """);
    // Then the slot moves all the same, if not at once: the end of a run waits only some moments
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              long confirmed = confirmAndFail(server, start);
              assertThat(
                      database.query(
                          "select confirmed_flush_lsn - '0/0' from pg_replication_slots"
                              + " where slot_name = '%s'".formatted(database.slot())))
                  .hasToString(Long.toString(confirmed));
            });
  }

  /** A run that fails behind a confirmation; what it has confirmed. */
  private long confirmAndFail(PostgresServer server, SlotStart start) {
    AtomicLong confirmed = new AtomicLong();
    AtomicInteger events = new AtomicInteger();
    try (FaultProxy proxy = FaultProxy.before(server.port());
        OutboxSource source = source(throughProxy(proxy), start)) {
      assertThatThrownBy(
              () ->
                  source.run(
                      (batch, more, confirmation) -> {
                        for (SourceItem item : batch) {
                          events.addAndGet(item instanceof Decoded ? 1 : 0);
                          confirmed.set(item.transaction());
                        }
                        if (events.get() > 20) {
                          proxy.holdLastPiece();
                          confirmation.confirm(confirmed.get());
                          throw new IllegalStateException("unreadable");
                        }
                        return true;
                      }))
          .hasMessage("unreadable");
    }
    return confirmed.get();
  }

  private RelaySettings throughProxy(FaultProxy proxy) {
    String url =
        database.url().replace(":" + database.server().port() + "/", ":" + proxy.port() + "/");
    return TestSettings.of(database, "localhost:1", Map.of("database.url", url));
  }
}
