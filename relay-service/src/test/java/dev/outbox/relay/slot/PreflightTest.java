package dev.outbox.relay.slot;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.DatabaseRoles.Login;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.slot.Initialization.Step;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import dev.outbox.relay.slot.Preflight.Outcome.SlotInUse;
import dev.outbox.relay.slot.RelayRecord.Memory;
import dev.outbox.relay.slot.RelayRecord.Server;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@WithLocalStack
class PreflightTest {

  @AutoClose private OutboxDatabase database;
  private RelaySettings settings;

  @BeforeEach
  void createDatabase(PostgresServer server) {
    use(OutboxDatabase.createUninitialised(server));
  }

  /** For a server of the test's own: the shared database is the one to be closed at the end. */
  private void useFor(OutboxDatabase created, Runnable test) {
    OutboxDatabase shared = database;
    use(created);
    try {
      test.run();
    } finally {
      use(shared);
    }
  }

  private void use(OutboxDatabase created) {
    database = created;
    settings = settings(Map.of("on-gap", "refuse"));
  }

  /** Of one who may do everything; {@link ThreeRolesTest} has what each role may. */
  private RelaySettings settings(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(TestSettings.as(database.administrator()));
    all.putAll(more);
    return TestSettings.of(database, "localhost:1", all);
  }

  @Test
  void initialisationMakesWhatIsMissingAndRepeatingItChangesNothing() {
    assertThat(init())
        .extracting(Step::outcome)
        .containsExactly("has the outbox columns", "created", "created", "created", "created");
    SlotStart first = ready();
    assertThat(init())
        .extracting(Step::outcome)
        .containsExactly(
            "has the outbox columns",
            "already there",
            "already there",
            "already there",
            "already there");
    assertThat(ready()).isEqualTo(first);
    assertThat(first.epoch()).isPositive();
  }

  @Test
  void instancesThatInitialiseTogetherDoNotGetInEachOthersWay() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      Callable<List<Step>> initialise = this::init;
      for (Future<List<Step>> run :
          threads.invokeAll(List.of(initialise, initialise, initialise, initialise))) {
        assertThat(run.get(30, TimeUnit.SECONDS)).hasSize(5);
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(ready().epoch()).isPositive();
  }

  @Test
  void rowsThatStoodThereBeforeTheSlotAreReported() {
    database.insert("Order", "1", "early");
    assertThat(init())
        .contains(
            new Step(
                "rows written before the slot", "1 in table public.outbox_event, not published"));
  }

  @Test
  void aRelayThatWasNeverInitialisedSaysSo() {
    assertRefused(this::check, "has not been initialised", "'init'");
  }

  @Test
  void aMissingTableIsNamed() {
    database.execute("drop table outbox_event");
    assertRefused(this::init, "Table public.outbox_event does not exist", "outbox_event.sql");
  }

  @Test
  void missingAndWrongColumnsAreNamed() {
    database.execute("alter table outbox_event drop column headers");
    database.execute("alter table outbox_event alter column payload type text");
    assertRefused(
        this::init,
        "payload is text instead of bytea, headers text is missing",
        "docs/sql/outbox_event.sql");
  }

  @Test
  void anUnloggedTableIsRefused() {
    database.execute("alter table outbox_event set unlogged");
    assertRefused(this::init, "is unlogged", "set logged");
  }

  @Test
  void aRoleWithoutReplicationIsToldWhatItLacks() {
    String role = useRole("login");
    assertRefused(this::init, "Role '" + role + "' may not read", "replication");
  }

  @Test
  void aRoleThatMayNotCreateIsToldWhatItLacks() {
    String role = useRole("login replication");
    assertRefused(this::init, "Role '" + role + "' lacks a privilege", "role that owns the table");
  }

  @Test
  void aRoleWithNoMoreThanReplicationAndItsOwnTableCanRun() {
    init();
    String role = useRole("login replication");
    database.execute("grant select, insert, update on outbox_relay, outbox_parked to " + role);
    assertThat(check()).isInstanceOf(Ready.class);
  }

  @Test
  void aPublicationThatIsNotTheRelaysIsRefused() {
    init();
    for (String change :
        List.of(
            "set (publish = 'insert, update')",
            "add table other",
            "set table outbox_event",
            "set table outbox_event (id, aggregatetype, aggregateid, type, payload, headers)"
                + " where (aggregatetype = 'Order')")) {
      database.execute("create table if not exists other (id int)");
      database.execute("alter publication " + database.slot() + " " + change);
      assertRefused(this::check, "is not the relay's", "--accept-gap");
      // Whoever makes it anew: rows were skipped, and an operator has to say so
      database.execute("drop publication " + database.slot());
      assertRefused(this::init, "is not the relay's", "--accept-gap");
      new Initialization(database(), settings).run(true);
      assertThat(check()).isInstanceOf(Ready.class);
    }
  }

  @Test
  void aSlotThatIsGoneIsAGapAndNotAFreshStart() {
    init();
    int before = ready().epoch();
    dropSlot();
    assertRefused(this::check, "is gone, although it was made before", "--accept-gap");
    assertRefused(this::init, "is gone, although it was made before", "--accept-gap");
    // When an operator accepts the gap
    new Initialization(database(), settings).run(true);
    // Then positions begin a new epoch
    assertThat(ready().epoch()).isGreaterThan(before);
  }

  @Test
  void aSlotMadeAnewBehindTheRelaysBackIsRememberedAsAGap() {
    // Given a start from a slot that is then made anew
    init();
    Ready before = (Ready) check();
    dropSlot();
    database.insert("Order", "1", "in the gap");
    createSlot();
    // When the relay looks at it once it streams
    SlotWatch watch = new SlotWatch(database(), settings);
    assertRefused(() -> watch.beginRun(before), "was made anew", "--accept-gap");
    // Then no later start passes over that
    assertRefused(this::check, "was made anew", "--accept-gap");
    assertRefused(this::init, "was made anew", "--accept-gap");
    new Initialization(database(), settings).run(true);
    assertThat(ready().epoch()).isGreaterThan(before.start().epoch());
  }

  @Test
  void anInstanceThatWasSlowerIsNoGap() {
    // Given two instances that are ready to begin
    init();
    Ready slow = (Ready) check();
    SlotWatch watch = new SlotWatch(database(), settings);
    // When one begins, moves the slot and ends
    Ready fast = (Ready) check();
    watch.beginRun(fast);
    database.insert("Order", "1", "relayed by the faster one");
    String behindIt = database.query("select pg_current_wal_lsn() - '0/0'");
    try (var published = new PublishedPosition(database(), settings, fast.run())) {
      published.advanceTo(Long.parseLong(behindIt));
    }
    database.execute(
        "select pg_replication_slot_advance('%s', '0/0'::pg_lsn + %s)"
            .formatted(database.slot(), behindIt));
    // Then the other is told to look again, and may
    assertThatThrownBy(() -> watch.beginRun(slow))
        .isNotInstanceOf(GapException.class)
        .hasMessageContaining("Another instance has led");
    watch.beginRun((Ready) check());
  }

  @Test
  void aGapOnceSeenIsNotForgottenWhenSomebodyMakesTheSlot() {
    init();
    dropSlot();
    assertRefused(this::check, "is gone", "--accept-gap");
    createSlot();
    assertRefused(this::check, "is gone", "--accept-gap");
  }

  @Test
  void aPublicationThatIsGoneIsAGapEvenWhereTheRelayMayMakeOne() {
    init();
    database.execute("drop publication " + database.slot());
    assertRefused(() -> new SlotWatch(database(), settings).require(), "is gone", "--accept-gap");
    assertRefused(this::init, "is gone", "--accept-gap");
  }

  @Test
  void aRoleThatCannotRememberIsToldWhatItLacks() {
    init();
    String role = useRole("login replication");
    database.execute("grant select on outbox_relay to " + role);
    assertRefused(
        this::check,
        "may not write to the relay's own public.outbox_relay, public.outbox_parked",
        "grant select, insert, update on \"public\".\"outbox_relay\", \"public\".\"outbox_parked\" to");
  }

  @Test
  void anAcceptedGapDoesNotLetAnInstanceThatLedBeforeLeadOn() {
    init();
    Ready first = (Ready) check();
    new SlotWatch(database(), settings).beginRun(first);
    // Given a gap that an operator accepts while that instance sleeps
    dropSlot();
    new Initialization(database(), settings).run(true);
    new SlotWatch(database(), settings).beginRun((Ready) check());
    // Then the newer run is not the sleeping one's
    assertThat(database().call(new RunFence(settings, first.run())::isNewest)).isFalse();
  }

  @Test
  void aMemoryReadBeforeAnotherInstanceBeganIsNotWritten() {
    init();
    RelayRecord record = new RelayRecord(settings);
    Memory read = database().call(record::read).orElseThrow();
    Memory promoted = read.promoted(new Server("42", 7), read.epoch() + 1, 0);
    // Given an instance that has been faster
    new SlotWatch(database(), settings).beginRun((Ready) check());
    // Then the slower one changes nothing
    assertThat(database().<Boolean>call(sql -> record.replace(sql, read, promoted))).isFalse();
    assertThat(database().call(record::read).orElseThrow().epoch()).isEqualTo(read.epoch());
  }

  @Test
  void whatIsWrittenDownIsDurableWhateverTheDatabasesDefault() {
    database.execute("alter database " + database.slot() + " set synchronous_commit = off");
    String durable =
        database().call(sql -> sql.sql("show synchronous_commit").query(String.class).single());
    assertThat(durable).isEqualTo("on");
  }

  @Test
  void aSlotWithoutMemoryIsAdopted() {
    // Given a crash between making the slot and remembering it
    createSlot();
    assertThat(new Initialization(database(), settings).isDue()).isTrue();
    assertThat(init()).extracting(Step::outcome).contains("already there, adopted");
    assertThat(ready().epoch()).isPositive();
  }

  @Test
  void aFirstInitialisationThatFailsLeavesNoGapBehind() {
    // Given a server without a free slot
    try (LocalPostgres server =
        LocalPostgres.builder().setting("max_replication_slots", "0").start()) {
      useFor(
          OutboxDatabase.createUninitialised(server),
          () -> {
            assertThatThrownBy(this::init).isNotInstanceOf(GapException.class);
            // Then the next attempt is a first one again
            assertThatThrownBy(this::init).isNotInstanceOf(GapException.class);
          });
    }
  }

  @Test
  void aSlotOfAnotherDatabaseOrPluginIsRefused(PostgresServer server) {
    init();
    OutboxDatabase other = OutboxDatabase.create(server);
    RelaySettings others = TestSettings.of(other, "localhost:1", Map.of("slot", database.slot()));
    assertThatThrownBy(() -> new Initialization(new SourceDatabase(others), others).run(false))
        .hasMessageContaining("another database");
  }

  @Test
  void aDatabaseRestoredElsewhereIsDetected() {
    init();
    database.execute("update outbox_relay set system_identifier = '42'");
    assertRefused(this::check, "is another system", "--accept-gap");
  }

  @Test
  void aPromotedServerBeginsANewEpoch() {
    init();
    int before = ready().epoch();
    database.execute("update outbox_relay set timeline = 0");
    int promoted = ready().epoch();
    assertThat(promoted).isGreaterThan(before);
    assertThat(ready().epoch()).isEqualTo(promoted);
  }

  @Test
  void anotherSlotNameForTheSameRelayIsRefused() {
    init();
    settings = settings(Map.of("name", settings.name(), "slot", database.slot() + "2"));
    assertRefused(this::check, "has used slot", "outbox.relay.name");
  }

  @Test
  void anInvalidatedSlotIsDetected() {
    // Given a server that keeps little log for slots
    try (LocalPostgres server = OutboxDatabase.serverKeepingLittleLog().start()) {
      useFor(OutboxDatabase.createUninitialised(server), this::invalidateAndCheck);
    }
  }

  private void invalidateAndCheck() {
    init();
    // When other tables write more than that
    database.invalidateSlot();
    // Then the relay says so instead of looking healthy
    assertRefused(this::check, "is invalidated", "--accept-gap");
    assertRefused(
        () -> new SlotWatch(database(), settings).require(), "is invalidated", "--accept-gap");
  }

  @Test
  void aServerThatDoesNotLogLogicallyIsRefused() {
    try (LocalPostgres server = LocalPostgres.builder().setting("wal_level", "replica").start()) {
      useFor(
          OutboxDatabase.createUninitialised(server),
          () ->
              assertRefused(
                  this::init, "wal_level=replica", "alter system set wal_level = logical"));
    }
  }

  @Test
  void aWrongPasswordAndAMissingDatabaseAreTold() {
    settings = settings(Map.of("database.password", "wrong"));
    assertRefused(this::check, "refuses role 'postgres'", "outbox.relay.database.password");
    settings = settings(Map.of("database.url", database.server().jdbcUrl("nowhere")));
    assertRefused(this::check, "does not exist", "outbox.relay.database.url");
    settings = settings(Map.of("database.url", "jdbc:postgresql://localhost:1/x"));
    assertRefused(this::check, "cannot be reached", "Start PostgreSQL");
  }

  @Test
  void aSlotInUseIsNoFailure() throws Exception {
    init();
    try (var stream = SlotOccupant.of(database)) {
      assertThat(check()).isInstanceOf(SlotInUse.class);
    }
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(check()).isInstanceOf(Ready.class));
  }

  /** Goes on as a role of its own with these attributes. */
  private String useRole(String attributes) {
    String role = database.slot();
    database.execute("create role " + role + " " + attributes + " password 'x'");
    database.execute("grant connect on database %1$s to %1$s".formatted(role));
    settings = settings(TestSettings.as(new Login(role, "x")));
    return role;
  }

  private void createSlot() {
    database.execute(
        "select pg_create_logical_replication_slot('" + database.slot() + "', 'pgoutput')");
  }

  private void dropSlot() {
    database.execute("select pg_drop_replication_slot('" + database.slot() + "')");
  }

  private SourceDatabase database() {
    return new SourceDatabase(settings);
  }

  private List<Step> init() {
    return new Initialization(database(), settings).run(false);
  }

  private Preflight.Outcome check() {
    return new Preflight(database(), settings).check();
  }

  private SlotStart ready() {
    return assertThat(check()).asInstanceOf(type(Ready.class)).actual().start();
  }

  private static void assertRefused(ThrowingCallable call, String problem, String remedy) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RelayException.class,
            e -> {
              assertThat(e.problem()).contains(problem);
              assertThat(e.remedy()).contains(remedy);
            });
  }
}
