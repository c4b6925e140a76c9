package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.metrics.RelayMetrics;
import dev.outbox.relay.slot.SlotAssessment.Level;
import dev.outbox.relay.slot.SlotLevels;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What a relay says of a slot that lags, on a real server. */
@WithLocalStack
class SlotLevelsTest {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private KafkaServer kafka;

  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeEach
  void broker(KafkaServer broker) {
    kafka = broker;
    log.start();
    ((Logger) LoggerFactory.getLogger(SlotLevels.class)).addAppender(log);
  }

  @AfterEach
  void stopListening() {
    ((Logger) LoggerFactory.getLogger(SlotLevels.class)).detachAppender(log);
  }

  @Test
  void aBacklogRaisesTheLevelStepByStepAndLowersItWhenItIsGone(PostgresServer postgres)
      throws Exception {
    // Given a relay with low levels that has published
    try (OutboxDatabase database = OutboxDatabase.create(postgres)) {
      Relay relay =
          start(
              database,
              Map.of("slot-levels.warning-lag", "1MB", "slot-levels.critical-lag", "8MB"));
      try {
        database.insert("Order", "1", "the first");
        await().atMost(PATIENCE).until(() -> figure("outbox.relay.slot.level") == 0);
        // When a backlog grows, since the broker is away
        kafka.stop();
        try {
          write(database, 3);
          awaitLevel(relay, Level.WARNING);
          assertThat(relay.slotLevel().problem()).contains(database.slot()).contains("behind");
          // And grows further
          write(database, 10);
          awaitLevel(relay, Level.CRITICAL);
          await()
              .atMost(PATIENCE)
              .untilAsserted(
                  () -> {
                    assertThat(figure("outbox.relay.slot.level")).isEqualTo(2);
                    assertThat(figure("outbox.relay.slot.lag")).isGreaterThan(8_000_000);
                    assertThat(figure("outbox.relay.slot.retained")).isGreaterThan(8_000_000);
                    assertThat(figure("outbox.relay.slot.lag.seconds")).isPositive();
                    assertThat(figure("outbox.relay.slot.free.retention")).isNaN();
                  });
        } finally {
          kafka.start();
        }
        // Then all is well again once it is published
        awaitLevel(relay, Level.OK);
        // And each change was told once
        assertThat(log.list.stream().map(ILoggingEvent::getLevel).distinct()).hasSize(3);
        assertThat(log.list).hasSizeBetween(3, 4);
      } finally {
        relay.stop();
      }
    }
  }

  @Test
  void aSlotThatNobodyReadsLagsInTimeAlsoWhileTheRelayCannotStart(PostgresServer postgres)
      throws Exception {
    try (OutboxDatabase database = OutboxDatabase.create(postgres)) {
      Relay relay =
          start(
              database,
              Map.of(
                  "on-gap", "refuse",
                  "heartbeat-interval", "300ms",
                  "slot-levels.warning-lag-time", "1s",
                  "slot-levels.critical-lag-time", "5s"));
      try {
        // When the relay has nothing to read from any more, and others go on writing
        database.execute("alter publication " + database.slot() + " rename to elsewhere");
        await().atMost(PATIENCE).until(() -> !(relay.state() instanceof Leading));
        write(database, 1);
        // Then the time shows
        awaitLevel(relay, Level.CRITICAL);
        assertThat(relay.slotLevel().lag()).isGreaterThan(Duration.ofSeconds(5));
      } finally {
        relay.stop();
      }
    }
  }

  @Test
  @Tag("long")
  void theRoomOfALimitedSlotFallsAndIsToldBeforeItIsGone(@TempDir Path directory) throws Exception {
    // Given a server that keeps little of the log
    try (LocalPostgres server =
            LocalPostgres.builder()
                .dataDirectory(directory)
                .setting("max_slot_wal_keep_size", "160MB")
                .start();
        OutboxDatabase database = OutboxDatabase.create(server)) {
      Relay relay =
          start(
              database,
              Map.of(
                  "slot-levels.warning-free-retention", "144MB",
                  "slot-levels.critical-free-retention", "112MB"));
      try {
        awaitLevel(relay, Level.OK);
        await()
            .atMost(PATIENCE)
            .until(() -> figure("outbox.relay.slot.free.retention") > 144_000_000);
        double room = figure("outbox.relay.slot.free.retention");
        // When the broker is away and the log grows
        kafka.stop();
        try {
          write(database, 30);
          awaitLevel(relay, Level.WARNING);
          assertThat(relay.slotLevel().problem()).contains("is lost after");
          write(database, 40);
          awaitLevel(relay, Level.CRITICAL);
          await()
              .atMost(PATIENCE)
              .until(() -> figure("outbox.relay.slot.free.retention") < room - 50_000_000);
        } finally {
          kafka.start();
        }
      } finally {
        relay.stop();
      }
    }
  }

  private Relay start(OutboxDatabase database, Map<String, String> more) {
    Map<String, String> settings = new LinkedHashMap<>(more);
    settings.putIfAbsent("slot-levels.warning-free-retention", "0B");
    settings.putIfAbsent("slot-levels.critical-free-retention", "0B");
    Relay relay =
        new Relay(
            TestSettings.of(database, kafka.bootstrapServers(), settings),
            new RelayMetrics(registry));
    relay.start();
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Leading);
    return relay;
  }

  /** Events of so many megabytes, which do not shrink on their way into the log. */
  private static void write(OutboxDatabase database, int megabytes) {
    database.execute("alter table outbox_event alter payload set storage external");
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i %% 10)::text, 'Large', repeat('x', 100000)::bytea
        from generate_series(1, %d) i
        """
            .formatted(megabytes * 10));
  }

  private double figure(String name) {
    Gauge gauge = registry.get(name).gauge();
    return gauge.value();
  }

  private static void awaitLevel(Relay relay, Level level) {
    await().atMost(PATIENCE).until(() -> relay.slotLevel().level() == level);
  }
}
