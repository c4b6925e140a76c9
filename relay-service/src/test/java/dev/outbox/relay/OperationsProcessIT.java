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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The commands of an operator as the packaged relay carries them out. */
@WithLocalStack
class OperationsProcessIT {

  @AutoClose private OutboxDatabase database;
  private Map<String, String> properties;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer kafka) {
    database = OutboxDatabase.create(postgres);
    properties = TestSettings.properties(database, kafka.bootstrapServers(), Map.of());
  }

  @Test
  @Tag("long")
  void auditAndReplayFindAndMendWhatIsLost() {
    // Given a relay that publishes, and a row without a record of its ID
    try (RelayProcess relay = RelayProcess.run(properties)) {
      relay.awaitLeading();
      for (int i = 0; i < 10; i++) {
        database.insert("Order", "42", "x");
      }
      database.insert("Order", "41", "to be lost");
      assertThat(run(0, "audit")).contains("Sound: nothing is lost");
      database.execute("update outbox_event set id = gen_random_uuid() where aggregateid = '41'");
      String lost =
          String.valueOf(database.query("select id from outbox_event where aggregateid = '41'"));
      // Then the audit fails and names it
      assertThat(run(1, "audit")).contains(lost).contains("NOT SOUND: 1 lost, 0 out of order");
      assertThat(run(1, "audit", "--json", "--from=1h"))
          .contains("\"lost\":{\"count\":1,\"examples\":[{\"id\":\"" + lost)
          .contains("\"sound\":false");
      // When it is replayed
      assertThat(run(0, "replay", "--id=" + lost, "--dry-run"))
          .contains("Rows that would be replayed: 1.");
      assertThat(run(0, "replay", "--id=" + lost)).contains("Rows replayed: 1.");
      // Then all is well
      assertThat(run(0, "audit")).contains("Sound: nothing is lost");
      assertThat(run(0, "replay", "--aggregate=Order/42", "--json"))
          .contains("\"rows\":10")
          .contains("\"carriedOut\":true");
      assertThat(run(0, "audit", "--strict")).containsPattern("replayed +11");
    }
    // And wrong use is told with what would be right
    assertThat(run(2, "replay")).contains("Say which rows");
    assertThat(run(2, "audit", "--from=yesterday")).contains("'yesterday' is no moment");
    assertThat(run(2, "audit", "--from=1h", "--to=2h")).contains("the range ends at");
  }

  private String run(int exitCode, String... command) {
    try (RelayProcess process = RelayProcess.start(properties, List.of(), command)) {
      int exited = process.process().awaitExit(PATIENCE);
      String output = process.process().output();
      assertThat(exited).as(output).isEqualTo(exitCode);
      return output;
    }
  }
}
