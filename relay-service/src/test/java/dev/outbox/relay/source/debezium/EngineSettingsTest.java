package dev.outbox.relay.source.debezium;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.config.SettingsLoader;
import dev.outbox.relay.support.TestSettings;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;

/** Pins what Debezium is told: each line has cost somebody events, memory or latency. */
class EngineSettingsTest {

  private final Properties engine =
      EngineSettings.of(
          SettingsLoader.load(
              TestSettings.environment(
                  Map.of(
                      "outbox.relay.name", "orders",
                      "outbox.relay.database.url",
                          "jdbc:postgresql://db:6543/orders?sslmode=require",
                      "outbox.relay.database.username", "relay",
                      "outbox.relay.kafka.bootstrap-servers", "kafka:9092",
                      "outbox.relay.table", "shop.out-box"))));

  @Test
  void theSlotIsTheOnlyPosition() {
    assertThat(engine)
        .containsEntry(
            "offset.storage", "org.apache.kafka.connect.storage.MemoryOffsetBackingStore")
        .containsEntry("snapshot.mode", "no_data")
        .containsEntry("slot.drop.on.stop", "false")
        .containsEntry("publication.autocreate.mode", "disabled")
        .containsEntry("lsn.flush.mode", "connector")
        .doesNotContainKey("offset.storage.file.filename");
  }

  @Test
  void aFailedBatchIsNeverRetriedInsideTheEngine() {
    assertThat(engine).containsEntry("errors.max.retries", "0");
  }

  @Test
  void theQueueIsBoundedByBytesAndDoesNotLinger() {
    assertThat(engine)
        .containsEntry("max.queue.size.in.bytes", "33554432")
        .containsEntry("poll.interval.ms", "5");
  }

  @Test
  void noTransformDropsRecords() {
    assertThat(engine.stringPropertyNames()).noneMatch(key -> key.startsWith("transforms"));
  }

  @Test
  void theUrlIsTakenApartAndItsParametersReachTheDriver() {
    assertThat(engine)
        .containsEntry("database.hostname", "db")
        .containsEntry("database.port", "6543")
        .containsEntry("database.dbname", "orders")
        .containsEntry("driver.sslmode", "require");
  }

  @Test
  void theServerGivesTheSlotOfASilentRelayAwayUnlessTheUrlSaysOtherwise() {
    assertThat(engine)
        .containsEntry("driver.options", "-c wal_sender_timeout=10000")
        .containsEntry("status.update.interval.ms", "2500");
    Properties own =
        EngineSettings.of(
            SettingsLoader.load(
                TestSettings.environment(
                    Map.of(
                        "outbox.relay.name", "orders",
                        "outbox.relay.database.url",
                            "jdbc:postgresql://db/orders?options=-c%20wal_sender_timeout=30s",
                        "outbox.relay.database.username", "relay",
                        "outbox.relay.kafka.bootstrap-servers", "kafka:9092"))));
    // The server takes the latter of the two.
    assertThat(own)
        .containsEntry("driver.options", "-c wal_sender_timeout=10000 -c wal_sender_timeout=30s");
  }

  @Test
  void theTableIsNamedLiterally() {
    assertThat(engine).containsEntry("table.include.list", "shop\\.out\\x{2d}box");
  }
}
