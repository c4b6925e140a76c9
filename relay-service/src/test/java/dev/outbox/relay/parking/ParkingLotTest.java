package dev.outbox.relay.parking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.Initialization;
import dev.outbox.relay.slot.RunFence;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who may change what is parked: the instance that leads, as the table itself says. */
@WithLocalStack
class ParkingLotTest {

  private static final long RUN = 7;
  private static final SourcePosition PARKED = new SourcePosition(1, 100, 0);
  private static final SourcePosition CONTROL = new SourcePosition(1, 200, 0);

  @AutoClose private OutboxDatabase database;
  private RelaySettings settings;

  @BeforeEach
  void parkOneEvent(PostgresServer postgres) {
    database = OutboxDatabase.create(postgres);
    settings = TestSettings.of(database, "localhost:1", Map.of());
    new Initialization(new SourceDatabase(settings), settings).run(false);
    database.execute("update outbox_relay set runs = " + RUN);
    ParkingLot leader = lotOfRun(RUN);
    leader.park(new Key("Order", "1"), event(PARKED), () -> {});
    leader.write();
  }

  @Test
  void aReplacedInstanceChangesNothing() {
    // Given an instance that led before another began its run
    ParkingLot replaced = lotOfRun(RUN);
    database.execute("update outbox_relay set runs = runs + 1");
    replaced.park(new Key("Order", "2"), event(new SourcePosition(1, 100, 1)), () -> {});
    String before = parked();
    // Then it can neither add nor take away
    assertRefused(replaced::write);
    assertRefused(() -> replaced.load(PARKED));
    assertRefused(() -> replaced.refusedAgain(PARKED, Stage.PUBLISHING, "refused again"));
    assertRefused(() -> replaced.released(List.of(new ParkingLot.Leaving(PARKED, 0, 1)), CONTROL));
    ParkingLot another = lotOfRun(RUN);
    assertRefused(() -> another.discard(PARKED, CONTROL, "nobody needs it"));
    assertThat(parked()).isEqualTo(before);
  }

  private static void assertRefused(ThrowingCallable change) {
    assertThatThrownBy(change).isInstanceOf(ReplacedException.class);
  }

  private String parked() {
    return String.valueOf(
        database.query("select json_agg(p order by position)::text from outbox_parked p"));
  }

  private ParkingLot lotOfRun(long run) {
    return new ParkingLot(
        new SourceDatabase(settings), settings, new RunFence(settings, run), type -> type);
  }

  private static ParkedEvent event(SourcePosition position) {
    return new ParkedEvent(
        position,
        UUID.randomUUID().toString(),
        "Order",
        "1",
        "Placed",
        null,
        null,
        Instant.now(),
        Stage.PUBLISHING,
        "refused",
        1);
  }
}
