package dev.outbox.relay.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.DatabaseRoles.Login;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.slot.Initialization.Step;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Initialisation by two roles: the owner makes all but the slot, and the relay's role the slot. */
@WithLocalStack
class WithoutSlotTest {

  @AutoClose private OutboxDatabase database;

  @BeforeEach
  void createDatabase(PostgresServer server) {
    database = OutboxDatabase.createUninitialised(server);
  }

  @Test
  void theOwnerMakesAllButTheSlotAndTheRelaysRoleTheSlot() {
    assertThat(owner().runWithoutSlot())
        .extracting(Step::outcome)
        .containsExactly(
            "has the outbox columns",
            "created",
            "created",
            "created",
            "left to the role that runs the relay");
    assertThat(owner().runWithoutSlot())
        .extracting(Step::outcome)
        .containsExactly(
            "has the outbox columns",
            "already there",
            "already there",
            "already there",
            "left to the role that runs the relay");
    database.roles().grant();
    assertThat(relay().isDue()).isTrue();
    assertThat(relay().run(false))
        .extracting(Step::outcome)
        .containsExactly(
            "has the outbox columns", "already there", "already there", "already there", "created");
    assertThat(relay().isDue()).isFalse();
    assertThat(check()).isInstanceOf(Ready.class);
  }

  @Test
  void thePublishedSqlMakesTheSame(PostgresServer server) throws IOException {
    owner().runWithoutSlot();
    try (OutboxDatabase byHand = OutboxDatabase.createUninitialised(server)) {
      byHand.executeAs(
          byHand.roles().owner(),
          Files.readString(Path.of("..", "docs", "sql", "outbox_relay.sql")));
      byHand.roles().grant();
      assertThat(description(byHand)).isEqualTo(description(database)).hasSizeGreaterThan(35);
      // And the relay finds what it needs
      Map<String, String> settings = new HashMap<>(TestSettings.as(byHand.roles().relay()));
      settings.put("publication", "outbox_relay");
      RelaySettings relay = TestSettings.of(byHand, "localhost:1", settings);
      new Initialization(new SourceDatabase(relay), relay).run(false);
      assertThat(new Preflight(new SourceDatabase(relay), relay).check()).isInstanceOf(Ready.class);
    }
  }

  private static List<String> description(OutboxDatabase described) {
    return described.queryAll(
        """
        select concat_ws(' ', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
          a.attnotnull, a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid))
        from pg_attribute a
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid in ('outbox_relay'::regclass, 'outbox_parked'::regclass) and a.attnum > 0
        union all
        select concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
        from pg_constraint
        where conrelid in ('outbox_relay'::regclass, 'outbox_parked'::regclass)
        union all
        select indexdef from pg_indexes where tablename in ('outbox_relay', 'outbox_parked')
        union all
        select concat_ws(' ', pubinsert, pubupdate, pubdelete, pubtruncate, tablename, attnames)
        from pg_publication join pg_publication_tables using (pubname)
        order by 1
        """);
  }

  @Test
  void eachRoleIsToldWhatItLacksForTheWhole() {
    assertRefused(() -> owner().run(false), "it lacks REPLICATION", "'init --without-slot'");
    assertRefused(() -> relay().run(false), "lacks a privilege", "'init --without-slot'");
    // Nor may the relay make what the owner has to make
    assertRefused(() -> relay().runWithoutSlot(), "lacks a privilege", "'init --without-slot'");
    assertThat(database.query("select to_regclass('outbox_relay')")).isNull();
    assertThat(
            database.query(
                "select slot_name from pg_replication_slots where slot_name = '"
                    + database.slot()
                    + "'"))
        .isNull();
  }

  @Test
  void aPublicationMadeAnewByTheOwnerIsAGapThatStaysKnown() {
    owner().runWithoutSlot();
    database.roles().grant();
    relay().run(false);
    for (String harm :
        new String[] {
          "drop publication " + database.slot(),
          "alter publication %s set (publish = 'insert, update')".formatted(database.slot())
        }) {
      database.executeAs(database.roles().owner(), harm);
      assertThat(owner().runWithoutSlot()).extracting(Step::outcome).contains("created");
      assertThat(database.query("select gap from outbox_relay")).isNotNull();
      assertThatThrownBy(this::check).isInstanceOf(GapException.class);
      // When an operator accepts it, with the relay's role
      relay().run(true);
      assertThat(check()).isInstanceOf(Ready.class);
    }
  }

  @Test
  void aForeignPublicationOfThatNameIsLeftAlone() {
    database.executeAs(
        database.roles().owner(),
        "create publication %s for table outbox_event".formatted(database.slot()));
    assertRefused(() -> owner().runWithoutSlot(), "is not the relay's", "");
    assertThat(database.query("select count(*) from pg_publication")).isEqualTo("1");
    assertRefused(() -> owner().runWithoutSlot(), "is not the relay's", "");
  }

  private Initialization owner() {
    return initialization(database.roles().owner());
  }

  private Initialization relay() {
    return initialization(database.roles().relay());
  }

  private Initialization initialization(Login login) {
    RelaySettings settings = settings(login);
    return new Initialization(new SourceDatabase(settings), settings);
  }

  private Preflight.Outcome check() {
    RelaySettings settings = settings(database.roles().relay());
    return new Preflight(new SourceDatabase(settings), settings).check();
  }

  private RelaySettings settings(Login login) {
    return TestSettings.of(database, "localhost:1", TestSettings.as(login));
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
