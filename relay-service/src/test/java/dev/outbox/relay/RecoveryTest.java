package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RecoveringRelay;
import dev.outbox.relay.support.TestSettings;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What the relay does by itself when its slot cannot deliver everything any more. */
@WithLocalStack
@Execution(ExecutionMode.CONCURRENT)
@Tag("slow")
class RecoveryTest {

  @AutoClose private RecoveringRelay relay;
  @AutoClose private OutboxDatabase database;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer kafka) {
    database = OutboxDatabase.create(postgres);
    relay = new RecoveringRelay(database, kafka.bootstrapServers());
  }

  @Test
  void aSlotDroppedUnderTheRelayWhileServicesWriteLosesAndRepeatsNothing() throws Exception {
    // Given a relay and services that go on writing
    relay.start();
    relay.awaitCheckpoint();
    try (RecoveringRelay.Writers writers = relay.writers(4)) {
      writers.awaitWritten(300);
      // When its slot is dropped
      database.dropSlot();
      writers.awaitWritten(600);
      relay.awaitRecovered(1);
      writers.awaitWritten(900);
    }
    // Then every event comes once, in order of its aggregate
    relay.awaitEverythingOnce();
    relay.assertPositionsGrow();
  }

  @Test
  void aSlotDroppedWhileNoRelayRunsLosesAndRepeatsNothing() throws Exception {
    relay.startAndPublish();
    relay.stop();
    // When the slot goes and events are written before and after
    relay.insert(20);
    database.dropSlot();
    relay.insert(20);
    // Then the next relay publishes them from the table, and goes on
    relay.start();
    relay.awaitRecovered(1);
    relay.insert(20);
    relay.awaitEverythingOnce();
    relay.assertPositionsGrow();
    assertThat(relay.recoveredEvents()).isEqualTo(40);
  }

  /** Initialising, which this mode does before every run, must not stand in the way. */
  @Test
  void aSlotThatIsGoneIsRecoveredFromInExactlyOnceModeToo() throws Exception {
    relay.settings(Map.of("delivery", "exactly-once", "auto-init", "true"));
    relay.startAndPublish();
    // When the slot goes while the relay runs, and once more while none runs
    database.dropSlot();
    relay.insert(20);
    relay.awaitRecovered(1);
    relay.awaitCheckpoint();
    relay.stop();
    database.dropSlot();
    relay.insert(20);
    relay.start();
    // Then nothing is missing and nothing comes twice
    relay.awaitRecovered(2);
    relay.awaitEverythingOnce();
    relay.assertPositionsGrow();
  }

  @Test
  void whatStandsOnTheTopicsIsNotPublishedAgain() throws Exception {
    relay.startAndPublish();
    relay.stop();
    relay.insert(20);
    // Given a checkpoint that lies before events which are published
    database.execute("update outbox_relay set floor = 0");
    database.dropSlot();
    relay.start();
    relay.awaitRecovered(1);
    // Then only the others are
    relay.awaitEverythingOnce();
    assertThat(relay.recoveredEvents()).isEqualTo(20);
  }

  @Test
  void whatTheNewSlotDeliversIsNotPublishedFromTheTable() throws Exception {
    relay.startAndPublish();
    relay.stop();
    database.dropSlot();
    relay.insert(20);
    // Given a relay that gets as far as making a new slot
    relay.settings(Map.of("kafka.bootstrap-servers", "localhost:1"));
    relay.begin();
    relay.awaitFailure("No Kafka broker answers", "Start Kafka");
    relay.stop();
    relay.insert(20);
    // When the next one recovers
    relay.settings(Map.of());
    relay.start();
    relay.awaitRecovered(1);
    // Then it takes from the table what was committed before the slot, and the rest from the log
    relay.awaitEverythingOnce();
    assertThat(relay.recoveredEvents()).isEqualTo(20);
    relay.assertPositionsGrow();
  }

  @Test
  void aSlotDroppedAndMadeAnewBySomebodyWhileNoRelayRunsIsFoundOut() throws Exception {
    relay.startAndPublish();
    relay.stop();
    relay.insert(20);
    database.dropSlot();
    relay.insert(20);
    database.createSlot();
    relay.insert(20);
    // When the next relay starts, with a slot that looks healthy
    relay.start();
    relay.awaitRecovered(1);
    // Then nothing is missing
    relay.awaitEverythingOnce();
    relay.assertPositionsGrow();
  }

  @Test
  void aSlotMadeAnewInTheMomentTheRelayWasKilledIsFoundOut() throws Exception {
    // Given a relay that is gone without a word, and no checkpoint since its last confirmations
    relay.start();
    relay.awaitCheckpoint();
    relay.insert(50);
    relay.awaitEverythingOnce();
    relay.kill();
    // When the slot is made anew right behind it
    relay.insert(1);
    database.dropSlot();
    database.createSlot();
    // Then the next relay sees it
    relay.start();
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
  }

  @Test
  void aKilledRelayIsNoGap() throws Exception {
    relay.start();
    relay.awaitCheckpoint();
    try (RecoveringRelay.Writers writers = relay.writers(2)) {
      writers.awaitWritten(200);
      relay.kill();
      relay.start();
      writers.awaitWritten(400);
    }
    relay.awaitEverything();
    assertThat(relay.recoveries()).isZero();
  }

  @Test
  void aSlotMovedOnBySomebodyIsFoundOut() throws Exception {
    relay.startAndPublish();
    relay.stop();
    relay.insert(20);
    database.execute(
        "select pg_replication_slot_advance('" + database.slot() + "', pg_current_wal_lsn())");
    relay.start();
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
  }

  @Test
  void aPublicationDroppedAndMadeAsBeforeIsFoundOut() throws Exception {
    relay.startAndPublish();
    relay.stop();
    database.execute("drop publication " + database.slot());
    relay.insert(20);
    database.createPublication();
    relay.insert(20);
    relay.start();
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
  }

  @Test
  void aPublicationThatIsGoneIsMadeAnewAndNothingIsLost() throws Exception {
    // Given a role that may publish the table, unlike the relay's own
    relay.settings(TestSettings.as(database.administrator()));
    relay.start();
    relay.awaitCheckpoint();
    try (RecoveringRelay.Writers writers = relay.writers(2)) {
      writers.awaitWritten(100);
      database.execute("drop publication " + database.slot());
      relay.awaitRecovered(1);
      writers.awaitWritten(300);
    }
    relay.awaitEverythingOnce();
    relay.assertPositionsGrow();
  }

  @Test
  void aRelayThatMayNotMakeThePublicationWaitsForTheOwnerAndLosesNothing() throws Exception {
    relay.startAndPublish();
    // When the publication goes, which the relay's role may not make anew
    database.executeAs(database.roles().owner(), "drop publication " + database.slot());
    relay.insert(20);
    relay.awaitFailure(
        "may not make publication '" + database.slot() + "' anew", "init --without-slot");
    relay.insert(20);
    // And its owner does
    database.install();
    // Then the relay goes on by itself
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
    relay.assertPositionsGrow();
  }

  @Test
  void aPublicationMadeAnewByTheOwnerWhileNoRelayRanIsFoundOut() throws Exception {
    relay.startAndPublish();
    relay.stop();
    database.executeAs(database.roles().owner(), "drop publication " + database.slot());
    relay.insert(20);
    database.install();
    relay.insert(20);
    relay.start();
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
  }

  @Test
  void aDatabaseRestoredElsewhereIsGoneOnWith() throws Exception {
    relay.startAndPublish();
    relay.stop();
    relay.insert(20);
    database.execute("update outbox_relay set system_identifier = '42'");
    relay.start();
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
    relay.assertPositionsGrow();
  }

  @Test
  void rowsOfATransactionThatWasOpenAcrossCheckpointAndDropAreNotLost() throws Exception {
    relay.start();
    try (Connection open = database.connect()) {
      // Given a transaction with low numbers, partly in a subtransaction, that stays open
      open.setAutoCommit(false);
      OutboxDatabase.insert(open, "Order", "long", "first");
      open.setSavepoint();
      OutboxDatabase.insert(open, "Order", "long", "second");
      // When others write higher ones that are published, and time for checkpoints passes
      relay.insert(50);
      relay.awaitCommittedOnce();
      relay.awaitCheckpointAttempts();
      relay.stop();
      // And the slot is dropped before it commits
      database.dropSlot();
      open.commit();
    }
    // Then its rows are published from the table
    relay.start();
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
    assertThat(relay.recoveredEvents()).isEqualTo(2);
  }

  @Test
  void rowsOfATransactionThatIsOpenWhileTheRelayRecoversComeOnce() throws Exception {
    relay.startAndPublish();
    relay.stop();
    database.dropSlot();
    try (Connection open = database.connect()) {
      open.setAutoCommit(false);
      OutboxDatabase.insert(open, "Order", "open", "first");
      open.setSavepoint();
      OutboxDatabase.insert(open, "Order", "open", "second");
      // When a relay waits with its new slot for that transaction, and others write meanwhile
      relay.begin();
      await().atMost(PATIENCE).until(() -> !database.slotWaitsFor().isEmpty());
      relay.insert(20);
      open.commit();
    }
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
    relay.assertPositionsGrow();
  }

  @Test
  void aLowerNumberThatWasCommittedLaterIsPublishedAfterAGap() throws Exception {
    relay.start();
    relay.awaitCheckpoint();
    relay.stop();
    database.dropSlot();
    String early;
    try (Connection lower = database.connect()) {
      lower.setAutoCommit(false);
      early = OutboxDatabase.insert(lower, "Order", "1", "lower number");
      relay.insert(3);
      lower.commit();
    }
    relay.start();
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
    assertThat(relay.ids()).contains(early);
  }

  @Test
  void aRecoveryThatIsKilledAgainAndAgainRepeatsNothingInTheEnd() throws Exception {
    relay.startAndPublish();
    relay.stop();
    database.dropSlot();
    relay.insert(3_000);
    // When the recovering relay is killed in the midst of it
    for (int i = 1; i <= 3; i++) {
      int before = relay.ids().size();
      relay.start();
      await().atMost(PATIENCE).pollInSameThread().until(() -> relay.ids().size() > before);
      relay.kill();
    }
    relay.start();
    relay.awaitRecovered(1);
    relay.insert(20);
    // Then all events stand there, repeats only of what was in flight, and in order
    relay.awaitEverything();
    relay.assertPositionsGrow();
  }

  @Test
  void aSlotLostAgainWhileTheRelayRecoversIsRecoveredFromToo() throws Exception {
    relay.startAndPublish();
    relay.stop();
    database.dropSlot();
    relay.insert(3_000);
    relay.start();
    await().atMost(PATIENCE).pollInSameThread().until(() -> relay.ids().size() > 50);
    relay.kill();
    database.dropSlot();
    relay.insert(100);
    relay.start();
    relay.awaitRecovered(1);
    relay.awaitEverything();
    relay.assertPositionsGrow();
  }

  @Test
  void aCrashBetweenNewSlotAndItsMemoryBeginsAgain() throws Exception {
    relay.startAndPublish();
    relay.stop();
    relay.insert(10);
    database.dropSlot();
    relay.insert(10);
    // Given a gap that is remembered, and a slot made by an attempt that did not get further
    database.execute("update outbox_relay set gap = 'seen before'");
    database.createSlot();
    relay.insert(10);
    relay.start();
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
  }

  @Test
  void rowsFromBeforeTheRelayWasSetUpAreNotPublishedByARecovery() throws Exception {
    relay.insert(10);
    List<String> early = database.eventIds();
    relay.start();
    database.dropSlot();
    String id = database.insert("Order", "1", "in the gap");
    relay.awaitRecovered(1);
    await().atMost(PATIENCE).pollInSameThread().until(() -> relay.ids().contains(id));
    assertThat(relay.ids()).doesNotContainAnyElementsOf(early);
  }

  @Test
  void eventsThatWereSetAsideAreNotPublishedByARecovery() throws Exception {
    relay.startAndPublish();
    relay.stop();
    database.dropSlot();
    relay.insert(3);
    String aside = database.insert("Order", "aside", "x");
    database.execute(
        """
        insert into outbox_parked (relay, position, id, aggregatetype, aggregateid, type,
          stage, reason, attempts)
        values ('%s', '00000001-0000000000000001-00000000', '%s', 'Order', 'aside', 'x', 'publish', 'set aside before', 1)
        """
            .formatted(relay.name(), aside));
    relay.start();
    relay.awaitRecovered(1);
    assertThat(relay.recoveredEvents()).isEqualTo(3);
    assertThat(relay.ids()).doesNotContain(aside);
  }

  @Test
  void somethingSetAsideWithoutIdDoesNotHinderARecovery() throws Exception {
    relay.startAndPublish();
    database.execute("select pg_logical_emit_message(true, 'outbox', 'no event')");
    await()
        .atMost(PATIENCE)
        .until(() -> "1".equals(database.query("select count(*) from outbox_parked")));
    relay.stop();
    database.dropSlot();
    relay.insert(3);
    relay.start();
    relay.awaitRecovered(1);
    relay.awaitEverythingOnce();
  }

  @Test
  void aTableWhoseNumbersAreKeptForLaterIsRefusedWithTheRemedy() throws Exception {
    relay.start();
    relay.awaitCheckpoint();
    relay.stop();
    database.execute("alter sequence outbox_event_seq_seq cache 10");
    database.dropSlot();
    relay.begin();
    relay.awaitFailure("cache 10", "alter sequence public.outbox_event_seq_seq cache 1");
  }

  @Test
  void aRelayThatShallRefuseDoesSo() throws Exception {
    relay.settings(Map.of("on-gap", "refuse"));
    relay.startAndPublish();
    relay.stop();
    relay.insert(5);
    database.dropSlot();
    relay.begin();
    relay.awaitFailure("is gone", "--accept-gap");
    assertThat(relay.recoveries()).isZero();
  }
}
