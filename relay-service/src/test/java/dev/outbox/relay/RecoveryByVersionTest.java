package dev.outbox.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresReplica;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RecoveringRelay;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link RecoveryTest} promises, in its essentials on every version of PostgreSQL. */
@Tag("long")
@WithLocalStack
class RecoveryByVersionTest {

  @ParameterizedTest
  @ValueSource(ints = {15, 16, 17, 18})
  void aDroppedAndAnInvalidatedSlotLoseAndRepeatNothingAndARestartIsNoGap(
      int version, KafkaServer kafka) throws Exception {
    try (LocalPostgres server = OutboxDatabase.serverKeepingLittleLog().version(version).start();
        OutboxDatabase database = OutboxDatabase.create(server);
        RecoveringRelay relay = new RecoveringRelay(database, kafka.bootstrapServers())) {
      relay.startAndPublish();
      // When the slot is dropped under the relay
      database.dropSlot();
      relay.insert(30);
      relay.awaitRecovered(1);
      relay.insert(10);
      relay.awaitEverythingOnce();
      // And when it loses its log while no relay runs
      relay.stop();
      relay.insert(20);
      database.invalidateSlot();
      relay.insert(20);
      relay.start();
      relay.awaitRecovered(2);
      relay.insert(10);
      // Then every event stands on the topics once, in order
      relay.awaitEverythingOnce();
      relay.assertPositionsGrow();
      // And a restart of the server, which may set the slot back, is no gap
      relay.stop();
      server.stop();
      server.start();
      relay.insert(10);
      relay.start();
      relay.awaitEverything();
      assertThat(relay.recoveries()).isEqualTo(2);
      relay.stop();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {15, 16, 17, 18})
  void aPromotedReplicaWithoutTheSlotIsRecoveredOn(int version, KafkaServer kafka)
      throws Exception {
    try (LocalPostgres primary = LocalPostgres.builder().version(version).start();
        OutboxDatabase database = OutboxDatabase.create(primary);
        PostgresReplica replica = primary.replica().start();
        RecoveringRelay relay = new RecoveringRelay(database, kafka.bootstrapServers())) {
      relay.startAndPublish();
      relay.stop();
      relay.insert(30);
      // When the primary fails and the replica takes its place
      replica.awaitCaughtUp();
      primary.kill();
      replica.promote();
      relay.use(database.on(replica));
      relay.insert(30);
      // Then the relay finds its slot missing there, and goes on from the table
      relay.start();
      relay.awaitRecovered(1);
      relay.insert(30);
      relay.awaitEverythingOnce();
      relay.assertPositionsGrow();
      relay.stop();
      primary.start();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {17, 18})
  void aPromotedReplicaThatKeptTheSlotIsNoGap(int version, KafkaServer kafka) throws Exception {
    try (LocalPostgres primary = LocalPostgres.builder().version(version).start();
        OutboxDatabase database = OutboxDatabase.create(primary);
        PostgresReplica replica = primary.replica().failoverSlots().start();
        RecoveringRelay relay = new RecoveringRelay(database, kafka.bootstrapServers())) {
      relay.startAndPublish();
      replica.awaitFailoverSlot(database.slot());
      relay.stop();
      relay.insert(30);
      replica.awaitCaughtUp();
      primary.kill();
      replica.promote();
      relay.use(database.on(replica));
      relay.insert(30);
      relay.start();
      relay.insert(30);
      // Then everything comes from the log
      relay.awaitEverything();
      relay.assertPositionsGrow();
      assertThat(relay.recoveries()).isZero();
      relay.stop();
      primary.start();
    }
  }
}
