package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RecoveringRelay;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Recoveries for which servers must serve nothing else meanwhile. */
@WithLocalStack
@Tag("slow")
class RecoveryAloneTest {

  @Test
  void transactionsRolledBackWhileTheSlotWasMadeDoNotHinderTheRecovery(
      PostgresServer postgres, KafkaServer kafka) throws Exception {
    try (OutboxDatabase database = OutboxDatabase.create(postgres);
        RecoveringRelay relay = new RecoveringRelay(database, kafka.bootstrapServers())) {
      relay.startAndPublish();
      relay.stop();
      relay.insert(20);
      database.dropSlot();
      try (Connection first = begin(database)) {
        String waited = write(first);
        relay.begin();
        awaitWaiting(database, waited);
        // Given a new slot that always has a transaction to wait for
        try (Connection second = begin(database)) {
          waited = write(second);
          first.rollback();
          awaitWaiting(database, waited);
          try (Connection third = begin(database)) {
            write(third);
            // When none of them is committed
            second.rollback();
            relay.awaitRecovered(1);
            third.rollback();
          }
        }
      }
      relay.awaitEverythingOnce();
      assertThat(relay.recoveredEvents()).isEqualTo(20);
    }
  }

  @Test
  void aSlotInvalidatedWhileKafkaWasAwayLosesNothing(KafkaServer kafka) throws Exception {
    // Given a server that keeps little log for slots, and brokers that are away
    try (LocalPostgres server = OutboxDatabase.serverKeepingLittleLog().start();
        OutboxDatabase small = OutboxDatabase.create(server);
        RecoveringRelay waiting = new RecoveringRelay(small, kafka.bootstrapServers())) {
      waiting.startAndPublish();
      kafka.stop();
      try {
        waiting.insert(30);
        // When other tables write more than the server keeps
        small.invalidateSlot();
        waiting.insert(30);
      } finally {
        kafka.start();
      }
      // Then the relay goes on by itself
      waiting.awaitRecovered(1);
      waiting.insert(30);
      waiting.awaitEverything();
      waiting.assertPositionsGrow();
      waiting.stop();
    }
  }

  private static Connection begin(OutboxDatabase database) throws SQLException {
    Connection connection = database.connect();
    connection.setAutoCommit(false);
    return connection;
  }

  /** Writes an event; the transaction's ID. */
  private static String write(Connection connection) throws SQLException {
    OutboxDatabase.insert(connection, "Order", "open", "never");
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_current_xact_id()")) {
      row.next();
      return row.getString(1);
    }
  }

  private static void awaitWaiting(OutboxDatabase database, String transaction) {
    await().atMost(PATIENCE).until(() -> database.slotWaitsFor().equals(transaction));
  }
}
