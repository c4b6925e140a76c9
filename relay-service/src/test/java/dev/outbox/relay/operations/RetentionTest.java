package dev.outbox.relay.operations;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.slot.Initialization;
import dev.outbox.relay.slot.RunFence;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.TestSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What goes from a real table, and what stays. */
@WithLocalStack
class RetentionTest {

  private final AtomicLong removed = new AtomicLong();
  @AutoClose private OutboxDatabase database;
  private KafkaServer kafka;
  private RelaySettings settings;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    settings = TestSettings.of(database, kafka.bootstrapServers(), Map.of("retention", "1d"));
    new Initialization(new SourceDatabase(settings), settings).run(false);
  }

  @Test
  void oldPublishedRowsGoAndAllOthersStay() throws Exception {
    insertOld(3_000);
    floor(2_500);
    // Given one that is parked, one that was released, and young ones among the old ones
    park(10, "parked");
    park(11, "released");
    database.execute("update outbox_event set created_at = now() where seq between 2401 and 2405");
    assertThat(retention().round()).isEqualTo(2_500 - 1 - 5);
    assertThat(removed.get()).isEqualTo(2_494);
    assertThat(database.queryAll("select seq from outbox_event where seq <= 2500 order by seq"))
        .containsExactly("10", "2401", "2402", "2403", "2404", "2405");
    // And what is not certain to be published
    assertThat(database.query("select count(*) from outbox_event where seq > 2500"))
        .isEqualTo("500");
  }

  @Test
  void nothingGoesBeforeTheFirstCheckpoint() throws Exception {
    insertOld(10);
    assertThat(retention().round()).isZero();
    assertThat(database.eventIds()).hasSize(10);
  }

  @Test
  void neitherWaitsForTheOther() throws Exception {
    insertOld(2_000);
    floor(2_000);
    // Given a writer that holds an old row and has written a new one
    try (Connection writer = database.connectAsAdministrator();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute("select 1 from outbox_event where seq = 500 for update");
      OutboxDatabase.insert(writer, "Order", "1", "x");
      // When the others are removed, then that one is passed over
      assertThat(retention().round()).isEqualTo(1_999);
      // And the writer goes on, also when a round is in the midst of a batch
      try (Connection batch = database.connectAsAdministrator();
          Statement deleting = batch.createStatement()) {
        batch.setAutoCommit(false);
        deleting.execute("delete from outbox_event where seq = 501");
        statement.execute("set local lock_timeout = '1s'");
        OutboxDatabase.insert(writer, "Order", "1", "y");
        batch.rollback();
      }
      writer.commit();
    }
    assertThat(retention().round()).isEqualTo(1);
    assertThat(database.eventIds()).hasSize(2);
  }

  @Test
  void anInstanceThatWasReplacedRemovesNothing() {
    insertOld(10);
    floor(10);
    database.execute("update outbox_relay set runs = 8");
    Retention replaced =
        new Retention(
            new SourceDatabase(settings), settings, new RunFence(settings, 7), removed::addAndGet);
    assertThatThrownBy(replaced::round)
        .isInstanceOf(RelayException.class)
        .hasMessageContaining("taken over");
    assertThat(database.eventIds()).hasSize(10);
  }

  @Test
  void theRelaysRoleNeedsExactlyTheRightsThatAreTold() throws Exception {
    insertOld(10);
    floor(10);
    for (String right : List.of("delete", "update (seq)")) {
      database.execute(
          "revoke %s on outbox_event from %s".formatted(right, database.roles().relay().role()));
      // Without it the relay goes on and removes nothing
      assertThat(retention().round()).isZero();
      database.roles().grant();
    }
    assertThat(retention().round()).isEqualTo(10);
  }

  @Test
  void decidedParkedEventsGoOnceTheSlotHasPassedThem() throws Exception {
    // Given decided ones before and behind the slot, a young one, and one that waits
    long confirmed =
        Long.parseLong(
            String.valueOf(
                database.query("select '%s'::pg_lsn - '0/0'".formatted(database.confirmedLsn()))));
    decided(1, confirmed - 1, "discarded", "30 days");
    decided(2, confirmed, "released", "30 days");
    decided(3, confirmed - 1, "released", "1 minute");
    decided(4, confirmed - 1, "parked", "30 days");
    // And one whose row could still be published from the table
    decided(5, confirmed - 1, "discarded", "30 days");
    insertOld(1);
    database.execute(
        "update outbox_event set id = (select id from outbox_parked where attempts = 5)");
    floor(0);
    retention().round();
    assertThat(database.queryAll("select attempts from outbox_parked order by 1"))
        .containsExactly("2", "3", "4", "5");
  }

  @Test
  void aLeadingRelayRemovesOldRowsUnlessThatIsSwitchedOff() throws Exception {
    insertOld(100);
    floor(100);
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    try (AutoCloseable relay = Relays.leading(database, kafka, Map.of("retention", "0"))) {
      String id = database.insert("Order", "1", "x");
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  new Audit(new SourceDatabase(settings), settings, PATIENCE, line -> {})
                          .run(AuditRange.ALL)
                          .pending()
                      == 0);
      assertThat(database.eventIds()).hasSize(101).endsWith(id);
    }
    floor(100);
    try (AutoCloseable relay =
        Relays.leading(database, kafka, Map.of("retention", "1d"), registry)) {
      await().atMost(PATIENCE).until(() -> database.eventIds().size() == 1);
      await()
          .atMost(PATIENCE)
          .until(() -> registry.get("outbox.relay.retention.deleted").counter().count() == 100);
    }
  }

  private Retention retention() {
    return new Retention(new SourceDatabase(settings), settings, sql -> {}, removed::addAndGet);
  }

  private void floor(long seq) {
    database.execute("update outbox_relay set floor = " + seq);
  }

  private void insertOld(int events) {
    database.execute(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload, created_at)
        select gen_random_uuid(), 'Order', (i %% 7)::text, 'Old', '{}', now() - interval '2 days'
        from generate_series(1, %d) i
        """
            .formatted(events));
  }

  private void park(long seq, String state) {
    database.execute(
        """
        insert into outbox_parked (relay, position, id, state, stage, reason, attempts)
        select '%s', seq::text, id, '%s', 'ROUTING', 'as a test', 1 from outbox_event where seq = %d
        """
            .formatted(settings.name(), state, seq));
  }

  private void decided(int number, long transaction, String state, String age) {
    int epoch = Integer.parseInt(String.valueOf(database.query("select epoch from outbox_relay")));
    database.execute(
        """
        insert into outbox_parked (relay, position, id, state, stage, reason, attempts, parked_at,
          decided_at, decided_position)
        values ('%s', '%s', gen_random_uuid(), '%s', 'ROUTING', 'as a test', %d,
          now() - interval '%s', now() - interval '%s', '%s')
        """
            .formatted(
                settings.name(),
                new SourcePosition(epoch, transaction - 1, number).asText(),
                state,
                number,
                age,
                age,
                new SourcePosition(epoch, transaction, number).asText()));
  }
}
