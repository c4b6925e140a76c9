package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Processes of the packaged relay that say something and end. */
@WithLocalStack
class RelayCommandsIT {

  @AutoClose private OutboxDatabase database;
  private KafkaServer kafka;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
  }

  @Test
  void wrongSettingsEndTheProcessWithTextAndWithoutStackTrace() {
    try (RelayProcess relay =
        RelayProcess.run(
            properties(Map.of("drain-timeout", "soon", "database.password", "s3cret")))) {
      assertThat(relay.process().awaitExit(PATIENCE)).isNotZero();
      assertThat(relay.process().output())
          .contains("outbox.relay.drain-timeout = 'soon'")
          .contains("Remedy: give a number with a unit")
          .doesNotContain("\tat ")
          .doesNotContain("s3cret");
    }
    try (RelayProcess init = RelayProcess.start(Map.of(), List.of(), "init")) {
      assertThat(init.process().awaitExit(PATIENCE)).isNotZero();
      assertThat(init.process().output())
          .contains("outbox.relay.name = (not set)")
          .contains("outbox.relay.database.url = (not set)")
          .doesNotContain("\tat ");
    }
    try (RelayProcess unknown = RelayProcess.start(Map.of(), List.of(), "inti")) {
      assertThat(unknown.process().awaitExit(PATIENCE)).isNotZero();
      assertThat(unknown.process().output()).contains("'inti'").doesNotContain("\tat ");
    }
  }

  @Test
  void commandsSayWhatTheyDidAndSpeakJson() {
    Map<String, String> properties = properties(Map.of());
    assertThat(
            output(properties(TestSettings.as(database.roles().owner())), "init", "--without-slot"))
        .contains("publication " + database.slot() + ": already there")
        .contains("replication slot " + database.slot() + ": left to the role that runs the relay");
    assertThat(output(properties, "init"))
        .contains("replication slot " + database.slot() + ": created");
    assertThat(output(properties, "init", "--json"))
        .contains("{\"thing\":\"replication slot " + database.slot() + "\"")
        .contains("\"outcome\":\"already there\"");
    assertThat(output(properties, "status")).contains("confirmedLsn").contains("streaming");
    assertThat(output(properties, "status", "--json")).contains("\"streaming\":false");
    assertThat(output(Map.of(), "--help")).contains("init").contains("status").contains("run");
  }

  private static String output(Map<String, String> properties, String... command) {
    try (RelayProcess process = RelayProcess.start(properties, List.of(), command)) {
      assertThat(process.process().awaitExit(PATIENCE)).as(process.process().output()).isZero();
      return process.process().output();
    }
  }

  private Map<String, String> properties(Map<String, String> more) {
    return TestSettings.properties(database, kafka.bootstrapServers(), more);
  }
}
