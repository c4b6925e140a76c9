package dev.outbox.relay.slot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@WithLocalStack
class CheckpointTest {

  private static final long BEHIND_EVERYTHING = Long.MAX_VALUE;

  @AutoClose private OutboxDatabase database;
  private Checkpoint checkpoint;

  @BeforeEach
  void initialise(PostgresServer server) {
    database = OutboxDatabase.create(server);
    RelaySettings settings =
        TestSettings.of(database, "localhost:1", Map.of("heartbeat-interval", "1ms"));
    SourceDatabase source = new SourceDatabase(settings);
    new Initialization(source, settings).run(false);
    checkpoint = new Checkpoint(source, settings, 0);
  }

  @Test
  void whatTheSlotHasPassedIsDoneWith() {
    database.insert("Order", "1", "x");
    database.insert("Order", "1", "x");
    checkpoint.advance(BEHIND_EVERYTHING);
    assertThat(floor()).isEqualTo("2");
  }

  @Test
  void whatTheSlotHasNotPassedIsNot() {
    long before = endOfLog();
    database.insert("Order", "1", "x");
    checkpoint.advance(before);
    checkpoint.advance(before);
    assertThat(floor()).isEqualTo("0");
    checkpoint.advance(endOfLog());
    assertThat(floor()).isEqualTo("1");
  }

  @Test
  void aRowThatIsNotCommittedHoldsTheCheckpointBack() throws SQLException {
    try (Connection open = database.connect()) {
      open.setAutoCommit(false);
      OutboxDatabase.insert(open, "Order", "1", "lower number");
      database.insert("Order", "1", "higher number");
      advanceSeveralTimes();
      assertThat(floor()).isEqualTo("0");
      open.commit();
    }
    advanceSeveralTimes();
    assertThat(floor()).isEqualTo("2");
  }

  @Test
  void aNumberTakenByATransactionThatHasNoIdYetHoldsTheCheckpointBack() throws SQLException {
    database.insert("Order", "1", "the sequence now gives numbers without writing to the log");
    try (Connection open = database.connectAsAdministrator();
        Statement statement = open.createStatement()) {
      open.setAutoCommit(false);
      // Given what happens within an insert: first the number, then the ID
      statement.execute("select nextval('outbox_event_seq_seq')");
      try (ResultSet id = statement.executeQuery("select pg_current_xact_id_if_assigned()")) {
        id.next();
        assertThat(id.getString(1)).isNull();
      }
      // When a checkpoint is tried in between
      advanceSeveralTimes();
      // Then it waits for the row
      assertThat(floor()).isEqualTo("0");
      statement.execute(
          """
          insert into outbox_event(seq, id, aggregatetype, aggregateid, type)
            overriding system value values (2, gen_random_uuid(), 'Order', '1', 'x')
          """);
      advanceSeveralTimes();
      assertThat(floor()).isEqualTo("0");
      open.commit();
    }
    advanceSeveralTimes();
    assertThat(floor()).isEqualTo("2");
  }

  @Test
  void aReplacedInstanceWritesNone() {
    database.insert("Order", "1", "x");
    database.execute("update outbox_relay set runs = 7");
    checkpoint.advance(BEHIND_EVERYTHING);
    assertThat(floor()).isEqualTo("0");
  }

  private void advanceSeveralTimes() {
    for (int i = 0; i < 5; i++) {
      checkpoint.advance(BEHIND_EVERYTHING);
    }
  }

  private String floor() {
    return String.valueOf(database.query("select floor from outbox_relay"));
  }

  private long endOfLog() {
    return Long.parseLong(String.valueOf(database.query("select pg_current_wal_lsn() - '0/0'")));
  }
}
