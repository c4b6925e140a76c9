package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Recovery by relays that are killed for good. */
@WithLocalStack
class RecoveryIT {

  @Test
  @Tag("long")
  void aRelayKilledWhileItRecoversLosesNothingAndKeepsTheOrder(
      PostgresServer postgres, KafkaServer kafka) {
    try (OutboxDatabase database = OutboxDatabase.create(postgres);
        TopicReader topics = new TopicReader(kafka.bootstrapServers(), database.slot())) {
      Map<String, String> settings =
          TestSettings.properties(
              database,
              kafka.bootstrapServers(),
              // Small, so that a recovery takes a while.
              Map.of("heartbeat-interval", "200ms", "in-flight-limit", "1MB"));
      // Given a slot that is gone while rows wait
      try (RelayProcess relay = RelayProcess.run(settings)) {
        await()
            .atMost(PATIENCE)
            .ignoreExceptions()
            .until(() -> "t".equals(database.query("select runs > 0 from outbox_relay")));
        relay.process().sigkill();
      }
      database.dropSlot();
      insert(database, 60_000);
      // When the relay is killed again and again in the midst of publishing them from the table
      for (int i = 0; i < 3; i++) {
        int before = topics.ids().size();
        try (RelayProcess relay = RelayProcess.run(settings)) {
          await().atMost(PATIENCE).pollInSameThread().until(() -> topics.ids().size() > before);
          relay.process().sigkill();
        }
      }
      try (RelayProcess relay = RelayProcess.run(settings)) {
        insert(database, 100);
        // Then the last one publishes what is left, and goes on
        await()
            .atMost(PATIENCE)
            .pollInSameThread()
            .until(() -> new HashSet<>(topics.ids()).size() == 60_100);
        assertThat(database.query("select recovery_snapshot from outbox_relay")).isNull();
        assertThat(relay.get("/actuator/prometheus")).contains("outbox_relay_recoveries_total 1");
      }
      Map<String, List<String>> first = new HashMap<>();
      topics.idsByKey().forEach((key, ids) -> first.put(key, ids.stream().distinct().toList()));
      assertThat(first).isEqualTo(database.eventIdsByKey());
    }
  }

  private static void insert(OutboxDatabase database, int events) {
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i %% 20)::text, 'Happened', repeat('x', 500)::bytea
        from generate_series(1, %d) i
        """
            .formatted(events));
  }
}
