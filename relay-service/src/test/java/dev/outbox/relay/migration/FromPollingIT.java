package dev.outbox.relay.migration;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.relay.support.Relays;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** From a table whose rows a job reads, sends and marks. */
@Tag("slow")
class FromPollingIT extends MigrationTestBase {

  @BeforeEach
  void createOldTable() {
    Writers.prepare(database);
    database.execute(guide("polling: the table"));
    database.execute("grant insert on outbox_message to " + Writers.ROLE);
  }

  @Test
  void theSwitchLosesAndRepeatsNothingWhileServicesWriteAndThePollerPolls() throws Exception {
    // Given services that write to the old table, and a poller that holds its rows until it marks
    try (Writers writers = Writers.start(database, FromPollingIT::write);
        Poller poller = Poller.start(database, kafka.bootstrapServers(), topic)) {
      await().atMost(PATIENCE).until(() -> topics.poll().size() > 100);
      // When it is done as the guide says
      database.createTable();
      database.install();
      try (AutoCloseable relay = Relays.leading(database, kafka, Map.of())) {
        doSwitch("polling: switch");
        awaitEvents(writers, 100);
        poller.requireHealthy();
        Map<String, List<String>> committed = writers.stop();
        assertEachStandsOnceAndInOrder(committed);
        // And the old table is not needed any more
        poller.close();
        database.execute(guide("polling: clean up"));
      }
    }
  }

  @Test
  void whatAStoppedPollerHasLeftIsMovedOnceInItsOrder() throws Exception {
    // Given rows that nobody has sent, and some that somebody has
    Map<String, List<String>> committed;
    try (Writers writers = Writers.start(database, FromPollingIT::write)) {
      awaitEvents(writers, 100);
      committed = writers.stop();
    }
    String sent =
        String.valueOf(
            database.query("select aggregate_id from outbox_message order by position limit 1"));
    database.execute(
        "update outbox_message set sent_at = now() where aggregate_id = '" + sent + "'");
    // And they do not lie in the table as they came
    database.execute("update outbox_message set payload = payload where position % 2 = 0");
    database.createTable();
    database.install();
    // When
    try (AutoCloseable relay = Relays.leading(database, kafka, Map.of())) {
      doSwitch("polling: switch");
      // Then
      Map<String, List<String>> unsent = new HashMap<>(committed);
      unsent.remove(sent);
      assertEachStandsOnceAndInOrder(unsent);
    }
  }

  @Test
  void whatAPollerIsJustSendingIsNotMovedToo() throws Exception {
    // Given a poller that has sent an event and not marked it yet
    try (Connection service = Writers.connect(database);
        Connection poller = database.connectAsAdministrator();
        Statement polling = poller.createStatement()) {
      write(service, UUID.randomUUID(), "sent");
      service.commit();
      poller.setAutoCommit(false);
      polling.execute("select * from outbox_message where sent_at is null for update");
      database.createTable();
      database.install();
      // When the switch comes amid
      CompletableFuture<Void> switching =
          CompletableFuture.runAsync(() -> doSwitch("polling: switch"));
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  database
                      .queryAll(
                          """
                          select pid from pg_stat_activity
                          where datname = current_database() and wait_event_type = 'Lock'
                          """)
                      .size(),
              Predicate.isEqual(1));
      polling.execute("update outbox_message set sent_at = now() where sent_at is null");
      poller.commit();
      switching.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    // Then
    assertThat(database.eventIds()).isEmpty();
  }

  private void assertEachStandsOnceAndInOrder(Map<String, List<String>> expected) {
    int events = expected.values().stream().mapToInt(List::size).sum();
    await().atMost(PATIENCE).until(() -> topics.poll().size() >= events);
    assertThat(topics.idsByKey()).isEqualTo(expected);
    for (ConsumerRecord<byte[], byte[]> record : topics.poll()) {
      assertThat(new String(record.value(), UTF_8))
          .isEqualTo("{\"order\": \"" + new String(record.key(), UTF_8) + "\"}");
    }
  }

  private static void write(Connection connection, UUID id, String key) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            """
            insert into outbox_message (id, aggregate_type, aggregate_id, event_type, payload)
            values (?, 'Order', ?, 'OrderPlaced', jsonb_build_object('order', ?::text))
            """)) {
      insert.setObject(1, id);
      insert.setString(2, key);
      insert.setString(3, key);
      assertThat(insert.executeUpdate()).isEqualTo(1);
    }
  }
}
