package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlLog;
import dev.outbox.relay.control.ControlMessage;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Parking and release while the relay's process is killed. */
@WithLocalStack
@Tag("slow")
class ReleaseIT {

  private static final int KILLS = 2;

  @AutoClose private OutboxDatabase database;
  @AutoClose private TopicReader topics;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    topics = new TopicReader(kafka.bootstrapServers(), database.slot());
  }

  @Test
  @Tag("long")
  void aKeyReleasedWhileItsServiceWritesAndTheRelayIsKilledKeepsOrderAndLosesNothing()
      throws Exception {
    releaseAndKill("at-least-once");
  }

  @Test
  void aKeyReleasedSoLosesAndRepeatsNothingWithExactlyOnce() throws Exception {
    releaseAndKill("exactly-once");
  }

  private void releaseAndKill(String delivery) throws Exception {
    Map<String, String> more = Map.of("delivery", delivery);
    RelaySettings settings = TestSettings.of(database, kafka.bootstrapServers(), more);
    Map<String, String> properties =
        TestSettings.properties(database, kafka.bootstrapServers(), more);
    SourceDatabase source = new SourceDatabase(settings);
    ParkedTable parked = new ParkedTable(settings);
    ControlLog log = new ControlLog(settings.name());
    Random random = new Random(7);
    // Given a service that writes to two keys all the time, one of which begins with poison
    RelayProcess relay = RelayProcess.run(properties);
    relay.awaitLeading();
    AtomicBoolean writing = new AtomicBoolean(true);
    Thread service =
        new Thread(
            () -> {
              database.insert("Order", "held", "x".repeat(1_200_000));
              while (writing.get()) {
                database.insert("Order", "held", "small");
                database.insert("Order", "free", "small");
                pause(20);
              }
            });
    try {
      service.start();
      await().atMost(PATIENCE).ignoreExceptions().until(() -> source.call(parked::count) > 3);
      kafka.configureTopic(database.slot() + ".Order", "max.message.bytes", "2000000");
      // When the key is released and the relay killed, again and again
      for (int i = 0; i < KILLS; i++) {
        source.call(sql -> log.write(sql, new ControlMessage.Release("Order", "held")));
        pause(random.nextInt(400));
        relay.process().sigkill();
        relay.close();
        relay = RelayProcess.run(properties);
        relay.awaitLeading();
      }
    } finally {
      writing.set(false);
      service.join();
    }
    // Then everything arrives, in order, at growing positions
    try {
      await()
          .atMost(PATIENCE)
          .pollInSameThread()
          .until(() -> Set.copyOf(topics.ids()).containsAll(database.eventIds()));
      int stillParked = source.call(parked::count);
      assertThat(stillParked).isZero();
      Map<String, List<String>> rows = database.eventIdsByKey();
      topics
          .idsByKey()
          .forEach(
              (key, ids) ->
                  assertThat(List.copyOf(new LinkedHashSet<>(ids))).isEqualTo(rows.get(key)));
      assertFirstOccurrencesHaveGrowingPositions();
      if (delivery.equals("exactly-once")) {
        assertThat(topics.ids()).doesNotHaveDuplicates();
      }
    } finally {
      relay.close();
    }
  }

  private void assertFirstOccurrencesHaveGrowingPositions() {
    Set<String> seen = new LinkedHashSet<>();
    Map<String, String> last = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : topics.poll()) {
      if (seen.add(TopicReader.header(record, "id"))) {
        String position = TopicReader.header(record, "outbox-position");
        String before = last.put(record.topic() + record.partition(), position);
        assertThat(before == null || before.compareTo(position) < 0)
            .as("%s after %s", position, before)
            .isTrue();
      }
    }
  }

  private static void pause(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
