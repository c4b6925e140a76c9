package dev.outbox.relay.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.slot.Initialization.Step;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The relay's table as an earlier version has made it, which {@code init} extends. */
@WithLocalStack
class EarlierTableTest {

  @AutoClose private OutboxDatabase database;
  private RelaySettings settings;

  @BeforeEach
  void createDatabase(PostgresServer server) {
    database = OutboxDatabase.createUninitialised(server);
    Map<String, String> more = new HashMap<>(TestSettings.as(database.administrator()));
    more.put("on-gap", "refuse");
    settings = TestSettings.of(database, "localhost:1", more);
  }

  @Test
  void initExtendsItAndTheSlotGoesOnWhereItWas() {
    // Given
    init();
    SlotStart before = ready();
    database.execute(
        "alter table outbox_relay drop column published_lsn, drop column publication,"
            + " drop column floor, drop column floor_at, drop column recovered_gap,"
            + " drop column recovery_snapshot, drop column recovered_at,"
            + " drop column marker, drop column begins_behind, drop column ends_at, drop column ended_at");
    // When
    List<Step> steps = init();
    // Then
    assertThat(steps)
        .extracting(Step::outcome)
        .containsExactly(
            "has the outbox columns", "created", "already there", "already there", "already there");
    assertThat(ready()).isEqualTo(before);
  }

  @Test
  void aColumnOfALaterVersionIsNoObstacle() {
    // Given
    init();
    SlotStart before = ready();
    database.execute("alter table outbox_relay add column later text");
    database.execute("alter table outbox_parked add column later text");
    // Then
    assertThat(ready()).isEqualTo(before);
  }

  private List<Step> init() {
    return new Initialization(source(), settings).run(false);
  }

  private SlotStart ready() {
    return assertThat(new Preflight(source(), settings).check())
        .asInstanceOf(type(Ready.class))
        .actual()
        .start();
  }

  private SourceDatabase source() {
    return new SourceDatabase(settings);
  }
}
