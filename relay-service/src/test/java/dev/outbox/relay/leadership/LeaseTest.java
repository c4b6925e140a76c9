package dev.outbox.relay.leadership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.ReplacedException;
import dev.outbox.relay.slot.Initialization;
import dev.outbox.relay.slot.RunFence;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a leader believes of itself, against a real database and with clocks set by hand. */
@WithLocalStack
class LeaseTest {

  private static final String OTHERS_RUN = "update outbox_relay set runs = runs + 1";

  @AutoClose private OutboxDatabase database;
  @AutoClose private DatabaseSession session;
  private RelaySettings settings;
  private Lease lease;
  private long nanos;
  private long wallMillis;

  @BeforeEach
  void lead(PostgresServer postgres) {
    database = OutboxDatabase.create(postgres);
    settings = TestSettings.of(database, "localhost:9092", Map.of());
    SourceDatabase source = new SourceDatabase(settings);
    new Initialization(source, settings).run(false);
    session = source.session();
    database.execute(OTHERS_RUN);
    lease = new Lease(session, new RunFence(settings, 1), () -> nanos, () -> wallMillis);
  }

  @Test
  void aLeaderThatHasJustAskedDoesNotAskAgain() {
    database.execute(OTHERS_RUN);
    pass(Duration.ofSeconds(4));
    assertThatCode(lease::require).doesNotThrowAnyException();
  }

  @Test
  void aLeaderThatSleptAsksBeforeItGoesOn() {
    database.execute(OTHERS_RUN);
    pass(Duration.ofSeconds(6));
    assertThatThrownBy(lease::require).isInstanceOf(ReplacedException.class);
  }

  @Test
  void aSleepThatOnlyTheWallClockKnowsOfCountsToo() {
    database.execute(OTHERS_RUN);
    wallMillis += Duration.ofMinutes(1).toMillis();
    assertThatThrownBy(lease::require).isInstanceOf(ReplacedException.class);
  }

  @Test
  void aLeaderThatStillIsGoesOnForAnotherWhile() {
    pass(Duration.ofSeconds(6));
    lease.require();
    database.execute(OTHERS_RUN);
    pass(Duration.ofSeconds(4));
    assertThatCode(lease::require).doesNotThrowAnyException();
    assertThatThrownBy(lease::renew).isInstanceOf(ReplacedException.class);
    assertThat(lease.isLost()).isTrue();
  }

  @Test
  void withoutAnAnswerNothingIsTakenForGranted() {
    DatabaseSession nowhere =
        new SourceDatabase(
                TestSettings.of(
                    database,
                    "localhost:9092",
                    Map.of("database.url", "jdbc:postgresql://localhost:1/none")))
            .session();
    Lease cutOff = new Lease(nowhere, new RunFence(settings, 1), () -> nanos, () -> wallMillis);
    cutOff.require();
    pass(Duration.ofSeconds(6));
    assertThatThrownBy(cutOff::require)
        .isInstanceOf(RelayException.class)
        .isNotInstanceOf(ReplacedException.class);
    assertThat(cutOff.silence()).isEqualTo(Duration.ofSeconds(6));
    assertThat(cutOff.isLost()).isFalse();
  }

  @Test
  void aRefusalIsAnAnswerAlthoughNotTheOneHopedFor() {
    DatabaseSession refused =
        new SourceDatabase(
                TestSettings.of(database, "localhost:9092", Map.of("database.password", "wrong")))
            .session();
    Lease outside = new Lease(refused, new RunFence(settings, 1), () -> nanos, () -> wallMillis);
    pass(Duration.ofSeconds(6));
    assertThatThrownBy(outside::require).isInstanceOf(RelayException.class);
    assertThat(outside.silence()).isZero();
  }

  @Test
  void aConnectionThatDiedMeanwhileIsMadeAnew() {
    lease.renew();
    database.execute(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
        """);
    assertThatCode(lease::renew).doesNotThrowAnyException();
  }

  private void pass(Duration time) {
    nanos += TimeUnit.MILLISECONDS.toNanos(time.toMillis());
    wallMillis += time.toMillis();
  }
}
