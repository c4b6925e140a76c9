package dev.outbox.relay.operations;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.slot.SlotAssessment;
import dev.outbox.relay.slot.SlotAssessment.Level;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The status of a slot that nobody reads. */
@WithLocalStack
class StatusLookTest {

  @Test
  void figuresLevelAndRemedyAndFromTheSecondLookTheLagInTime(
      PostgresServer postgres, KafkaServer kafka) {
    Map<String, String> levels =
        Map.of("slot-levels.warning-lag", "1MB", "slot-levels.critical-lag", "1GB");
    try (OutboxDatabase database = OutboxDatabase.create(postgres);
        StatusLook look =
            new StatusLook(TestSettings.of(database, kafka.bootstrapServers(), levels))) {
      assertThatThrownBy(look::now)
          .isInstanceOf(RelayException.class)
          .hasMessageContaining("does not exist")
          .hasMessageContaining("Run 'init'");
      database.createSlot();
      RelayStatus first = look.now().get(0);
      assertThat(first.level()).isEqualTo(Level.OK);
      assertThat(first.streaming()).isFalse();
      assertThat(first.confirmedLsn()).isEqualTo(database.confirmedLsn());
      assertThat(first.figures()).containsEntry("level", "ok").containsEntry("remedy", null);
      // When the log grows
      database.execute("create table noise (t text)");
      database.execute("insert into noise select repeat('x', 1000) from generate_series(1, 3000)");
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(look.now().get(0).lag()).isPositive());
      RelayStatus later = look.now().get(0);
      assertThat(later.level()).isEqualTo(Level.WARNING);
      assertThat(later.lagBytes()).isGreaterThan(1_000_000);
      assertThat(later.problem()).contains("lags 3 MB behind");
      assertThat(later.remedy()).isEqualTo(SlotAssessment.REMEDY);
    }
  }
}
