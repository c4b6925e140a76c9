package dev.outbox.relay.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.control.ControlLog.MalformedControlException;
import dev.outbox.relay.control.ControlMessage.Replay;
import dev.outbox.relay.control.ControlMessage.Selection;
import dev.outbox.relay.event.SourcePosition;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** A replay as it travels through the log. */
@WithLocalStack
class ReplayMessageTest {

  @Test
  void aReplayReadsAsItWasWritten(PostgresServer postgres) throws Exception {
    Replay replay =
        new Replay(
            new Selection(
                List.of(UUID.randomUUID(), UUID.randomUUID()),
                "Order",
                "ä/\"1",
                Instant.parse("2026-05-01T00:00:00.123456Z"),
                null),
            "other.topic",
            7,
            1_000_000);
    ControlLog log = new ControlLog("orders");
    String database = postgres.createDatabase("control");
    String content;
    try (var connection = postgres.connect(database)) {
      JdbcClient sql = JdbcClient.create(new SingleConnectionDataSource(connection, true));
      sql.sql("select pg_create_logical_replication_slot(:slot, 'test_decoding', true)")
          .param("slot", database)
          .query()
          .listOfRows();
      log.write(sql, replay);
      String change =
          String.valueOf(
              sql.sql(
                      """
                      select data from pg_logical_slot_get_changes(:slot, null, null)
                      where data like 'message%'
                      """)
                  .param("slot", database)
                  .query(String.class)
                  .single());
      content = change.substring(change.indexOf('{'));
    }
    assertThat(log.read(content)).contains(replay);
    assertThat(new ControlLog("another").read(content)).isEmpty();
  }

  @Test
  void aSpanThatHasNoPlacesIsNoCommand() {
    ControlLog log = new ControlLog("orders");
    String text =
        """
        {"command":"replay","relay":"orders","firstSeq":1,"throughSeq":%d,
         "selection":{"ids":[]}}
        """;
    assertThatThrownBy(() -> log.read(text.formatted(1L + SourcePosition.CONTROL_SPAN)))
        .isInstanceOf(MalformedControlException.class);
    assertThatThrownBy(() -> log.read(text.formatted(0)))
        .isInstanceOf(MalformedControlException.class);
  }
}
