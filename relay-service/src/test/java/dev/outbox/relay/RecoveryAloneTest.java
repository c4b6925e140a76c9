package dev.outbox.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RecoveringRelay;
import java.sql.Connection;
import org.junit.jupiter.api.Test;

/** Recoveries for which servers must serve nothing else meanwhile. */
@WithLocalStack
class RecoveryAloneTest {

  @Test
  void transactionsRolledBackWhileTheSlotWasMadeDoNotHinderTheRecovery(
      PostgresServer postgres, KafkaServer kafka) throws Exception {
    try (OutboxDatabase database = OutboxDatabase.create(postgres);
        RecoveringRelay relay = new RecoveringRelay(database, kafka.bootstrapServers())) {
      relay.start();
      relay.awaitCheckpoint();
      relay.insert(30);
      relay.awaitEverythingOnce();
      relay.stop();
      relay.insert(20);
      database.dropSlot();
      try (Connection first = database.connect();
          Connection second = database.connect()) {
        first.setAutoCommit(false);
        second.setAutoCommit(false);
        OutboxDatabase.insert(first, "Order", "open", "never");
        // Given a new slot that waits, and transactions that begin meanwhile
        relay.begin();
        await().atMost(RecoveringRelay.PATIENCE).until(() -> database.isSlotBeingMade());
        OutboxDatabase.insert(second, "Order", "open", "never");
        // When none of them is committed
        second.rollback();
        first.rollback();
      }
      relay.awaitRecovered(1);
      relay.awaitEverythingOnce();
      assertThat(relay.recoveredEvents()).isEqualTo(20);
    }
  }

  @Test
  void aSlotInvalidatedWhileKafkaWasAwayLosesNothing(KafkaServer kafka) throws Exception {
    // Given a server that keeps little log for slots, and brokers that are away
    try (LocalPostgres server =
            LocalPostgres.builder()
                .setting("max_slot_wal_keep_size", "1MB")
                .setting("min_wal_size", "32MB")
                .setting("max_wal_size", "32MB")
                .start();
        OutboxDatabase small = OutboxDatabase.create(server);
        RecoveringRelay waiting = new RecoveringRelay(small, kafka.bootstrapServers())) {
      waiting.start();
      waiting.awaitCheckpoint();
      waiting.insert(30);
      waiting.awaitEverythingOnce();
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
}
