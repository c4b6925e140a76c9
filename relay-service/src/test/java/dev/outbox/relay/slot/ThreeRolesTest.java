package dev.outbox.relay.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.http.IdempotencySchema;
import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.idempotency.jobs.JobSchema;
import dev.outbox.idempotency.token.TokenSchema;
import dev.outbox.local.DatabaseRoles;
import dev.outbox.local.DatabaseRoles.Login;
import dev.outbox.local.LocalStackException;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxSchema;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.PGProperty;

/** What the roles of {@code docs/sql/roles.sql} may do, and that each may do no more. */
@WithLocalStack
class ThreeRolesTest {

  private static final String DENIED = "42501";

  /** What none of the three may do; each line one statement, {@code SLOT} and such replaced. */
  private static final String FOR_NOBODY =
      """
      alter system set work_mem = '1MB'
      select pg_reload_conf()
      select pg_read_file('PG_VERSION')
      select pg_ls_dir('.')
      select rolpassword from pg_authid
      copy purchase from '/etc/passwd'
      copy purchase to program 'cat'
      create role intruder
      alter role ADMIN login
      set role ADMIN
      set session authorization ADMIN
      create database intruder
      drop database DATABASE
      create temporary table intruder (x int)
      create publication intruder for all tables
      create subscription intruder connection 'dbname=x' publication x with (connect = false)
      select pg_terminate_backend(BACKEND)
      select pg_switch_wal()
      checkpoint
      """;

  /** What takes the role attribute REPLICATION. */
  private static final String REPLICATION =
      """
      select pg_create_logical_replication_slot('intruder', 'pgoutput')
      select pg_create_physical_replication_slot('intruder')
      select pg_replication_slot_advance('SLOT', pg_current_wal_lsn())
      select pg_logical_slot_get_binary_changes('SLOT', null, null, 'proto_version', '1', 'publication_names', 'SLOT')
      select pg_drop_replication_slot('SLOT')
      """;

  /** What takes the ownership of something, or the right to make something. */
  private static final String OWNERSHIP =
      """
      create table intruder (x int)
      create schema intruder
      create function intruder() returns int language sql return 1
      create publication intruder for table outbox_event
      alter publication SLOT add table purchase
      drop publication SLOT
      alter table outbox_event drop column headers
      alter table outbox_event alter payload set storage plain
      create index on outbox_event (type)
      create trigger t before insert on outbox_event for each row execute function suppress_redundant_updates_trigger()
      truncate outbox_event
      drop table outbox_event
      truncate outbox_relay
      drop table outbox_parked
      select nextval('outbox_event_seq_seq')
      select setval('outbox_event_seq_seq', 1)
      """;

  private static final String FOR_THE_SERVICE =
      """
      select * from outbox_event
      select payload from outbox_event
      select id from outbox_event for update
      copy outbox_event to stdout
      update outbox_event set payload = null
      update outbox_event set id = gen_random_uuid()
      delete from outbox_event
      insert into outbox_event (seq, id, aggregatetype, aggregateid, type) overriding system value values (1, gen_random_uuid(), 'a', 'b', 'c')
      insert into outbox_event (id, aggregatetype, aggregateid, type, created_at) values (gen_random_uuid(), 'a', 'b', 'c', '2020-01-01')
      select 1 from outbox_parked
      insert into outbox_parked (relay, position, stage, reason, attempts) values ('a', 'b', 'c', 'd', 1)
      update outbox_parked set state = 'discarded'
      delete from outbox_parked
      select 1 from outbox_relay
      update outbox_relay set gap = null
      delete from outbox_relay
      grant select on outbox_relay to public
      select last_value from outbox_event_seq_seq
      select pg_logical_emit_message(true, 'outbox', 'x')
      select pg_logical_emit_message(false, 'outbox', 'x'::bytea)
      """;

  private static final String FOR_THE_RELAY =
      """
      select 1 from purchase
      insert into purchase values (1)
      update purchase set id = 2
      delete from purchase
      grant select on purchase to public
      select 1 from inbox_event
      select 1 from inbox_position
      select 1 from inbox_dead_letter
      select 1 from idempotency_key
      select 1 from durable_job
      select 1 from one_time_token
      insert into outbox_event (id, aggregatetype, aggregateid, type) values (gen_random_uuid(), 'a', 'b', 'c')
      update outbox_event set payload = null
      update outbox_event set id = gen_random_uuid()
      update outbox_event set created_at = now()
      delete from outbox_relay
      """;

  private static OutboxDatabase database;
  private static DatabaseRoles roles;

  @BeforeAll
  static void createDatabase(PostgresServer server) throws Exception {
    database = withEveryTable(server);
    roles = database.roles();
    RelaySettings relay = TestSettings.of(database, "localhost:1", Map.of());
    new Initialization(new SourceDatabase(relay), relay).run(false);
  }

  private static OutboxDatabase withEveryTable(PostgresServer server) throws Exception {
    OutboxDatabase created = OutboxDatabase.create(server);
    for (String table :
        List.of(
            "inbox_event",
            "inbox_position",
            "inbox_dead_letter",
            "idempotency_key",
            "durable_job",
            "one_time_token")) {
      created.executeAs(
          created.roles().owner(), Files.readString(Path.of("..", "docs", "sql", table + ".sql")));
    }
    created.createServiceTable("purchase", "id bigint primary key");
    created.roles().grant();
    return created;
  }

  @AfterAll
  static void closeDatabase() {
    database.close();
  }

  @Test
  void theServiceIsDeniedWhatIsNotItsOwn() throws SQLException {
    assertDenied(roles.service(), FOR_NOBODY, REPLICATION, OWNERSHIP, FOR_THE_SERVICE);
  }

  @Test
  void theRelayIsDeniedWhatIsNotItsOwn() throws SQLException {
    assertDenied(roles.relay(), FOR_NOBODY, OWNERSHIP, FOR_THE_RELAY);
  }

  @Test
  void theOwnerIsDeniedTheLogAndTheServer() throws SQLException {
    assertDenied(
        roles.owner(),
        FOR_NOBODY,
        REPLICATION,
        "select pg_logical_emit_message(true, 'outbox', 'x')\n");
  }

  private static void assertDenied(Login login, String... lists) throws SQLException {
    List<String> notDenied = new ArrayList<>();
    try (Connection backend = database.connectAsAdministrator();
        Connection connection = database.server().connect(database.slot(), login)) {
      String pid = backendPid(backend);
      for (String line : Stream.of(lists).flatMap(String::lines).toList()) {
        String sql =
            line.replace("SLOT", database.slot())
                .replace("ADMIN", database.server().username())
                .replace("DATABASE", database.slot())
                .replace("BACKEND", pid);
        try (Statement statement = connection.createStatement()) {
          statement.execute(sql);
          notDenied.add(sql + ": done");
        } catch (SQLException e) {
          if (!DENIED.equals(e.getSQLState())) {
            notDenied.add(sql + ": " + e.getSQLState() + " " + e.getMessage());
          }
        }
      }
    }
    assertThat(notDenied).as(login.role()).isEmpty();
  }

  private static String backendPid(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
      row.next();
      return row.getString(1);
    }
  }

  @Test
  void onlyTheRelayMayOpenAReplicationConnection() throws SQLException {
    for (Login login : List.of(roles.owner(), roles.service())) {
      for (String kind : List.of("database", "true")) {
        assertThatThrownBy(() -> connectForReplication(login, kind).close())
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(DENIED));
      }
    }
    connectForReplication(roles.relay(), "database").close();
  }

  private static Connection connectForReplication(Login login, String kind) throws SQLException {
    Properties properties = new Properties();
    PGProperty.USER.set(properties, login.role());
    PGProperty.PASSWORD.set(properties, login.password());
    PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "15");
    PGProperty.REPLICATION.set(properties, kind);
    PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
    return DriverManager.getConnection(database.url(), properties);
  }

  @Test
  void nobodyElseMayConnect() {
    Login stranger = new Login(database.slot() + "_stranger", "x");
    database.execute("create role %s login password 'x'".formatted(stranger.role()));
    assertThatThrownBy(() -> database.server().connect(database.slot(), stranger))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(DENIED));
  }

  @Test
  void theServiceHasTheseRightsOnRelationsAndNoOther() {
    assertThat(rightsOnRelations(database, roles.service().role()))
        .containsExactly(
            "durable_job: DELETE, INSERT, SELECT, UPDATE",
            "idempotency_key: DELETE, INSERT, SELECT, UPDATE",
            "inbox_dead_letter: DELETE, INSERT, SELECT",
            "inbox_event: DELETE, INSERT, SELECT",
            "inbox_event(processed_at): UPDATE",
            "inbox_position: INSERT, SELECT, UPDATE",
            "one_time_token: DELETE, INSERT, SELECT, UPDATE",
            "outbox_event(aggregateid): INSERT",
            "outbox_event(aggregatetype): INSERT",
            "outbox_event(headers): INSERT",
            "outbox_event(id): INSERT, SELECT",
            "outbox_event(payload): INSERT",
            "outbox_event(type): INSERT",
            "purchase: DELETE, INSERT, SELECT, UPDATE");
  }

  @Test
  void theRelayHasTheseRightsOnRelationsAndNoOther() {
    assertThat(rightsOnRelations(database, roles.relay().role()))
        .containsExactly(
            "outbox_event: DELETE, SELECT",
            "outbox_event(seq): UPDATE",
            "outbox_event_seq_seq: SELECT",
            "outbox_parked: DELETE, INSERT, SELECT, UPDATE",
            "outbox_relay: INSERT, SELECT, UPDATE");
  }

  @Test
  void whatEverybodyMayHasNoRelationOfTheDatabase() {
    assertThat(rightsOnRelations(database, "public")).isEmpty();
    assertThat(
            database.queryAll(
                """
                select what from (values
                  ('connect', has_database_privilege('public', current_database(), 'connect')),
                  ('temporary', has_database_privilege('public', current_database(), 'temporary')),
                  ('create', has_schema_privilege('public', 'public', 'create')),
                  ('messages', (select bool_or(has_function_privilege('public', oid, 'execute'))
                    from pg_proc where proname = 'pg_logical_emit_message'))) as v(what, allowed)
                where allowed
                """))
        .isEmpty();
  }

  /**
   * Every right that a role has on any relation of the database, from wherever it comes; on those
   * of the system, what not everybody has.
   */
  private static List<String> rightsOnRelations(OutboxDatabase database, String role) {
    return database.queryAll(
        """
        with relations as (
          select c.oid, c.oid::regclass::text as relation, c.relkind = 'S' as is_sequence,
            n.nspname in ('pg_catalog', 'information_schema', 'pg_toast') as is_system,
            (aclexplode(acldefault(case c.relkind when 'S' then 's' else 'r' end::"char",
              c.relowner))).privilege_type as privilege
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')),
        whole as (
          select relation, privilege from relations
          where case when is_sequence then has_sequence_privilege('%1$s', oid, privilege)
              and not (is_system and has_sequence_privilege('public', oid, privilege))
            else has_table_privilege('%1$s', oid, privilege)
              and not (is_system and has_table_privilege('public', oid, privilege)) end),
        columns as (
          select format('%%s(%%s)', relation, a.attname) as relation, privilege
          from relations r join pg_attribute a on a.attrelid = r.oid
          where not is_sequence and a.attnum > 0 and not a.attisdropped
            and privilege in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
            and has_column_privilege('%1$s', r.oid, a.attnum, privilege)
            and not has_table_privilege('%1$s', r.oid, privilege)
            and not (is_system and has_column_privilege('public', r.oid, a.attnum, privilege)))
        select relation || ': ' || string_agg(privilege, ', ' order by privilege)
        from (select * from whole union all select * from columns) every
        group by relation order by relation collate "C"
        """
            .formatted(role));
  }

  /** Every object, of whatever kind, that belongs to a role or on which it was granted anything. */
  @Test
  void noRoleHasAnythingElse() {
    String connect = "granted on database " + database.slot();
    String schema = "granted on schema public";
    assertThat(otherThings(roles.service())).containsExactly(connect, schema);
    assertThat(otherThings(roles.owner()))
        .containsExactly(connect, schema, "owns publication " + database.slot());
    assertThat(otherThings(roles.relay()))
        .containsSubsequence(connect, schema)
        .allMatch(
            thing ->
                thing.equals(connect)
                    || thing.equals(schema)
                    || thing.startsWith("granted on function pg_logical_emit_message("));
    assertThat(
            database.queryAll(
                """
                select concat_ws(' ', replace(rolname, current_database(), ''),
                  case when rolcanlogin then 'login' end,
                  case when rolreplication then 'replication' end,
                  case when rolsuper or rolcreaterole or rolcreatedb or rolbypassrls then 'more' end,
                  (select 'member' from pg_auth_members where member = r.oid or roleid = r.oid limit 1))
                from pg_roles r where starts_with(rolname, current_database()) and rolname !~ 'stranger'
                order by 1
                """))
        .containsExactly("_owner login", "_relay login replication", "_service login");
  }

  private static List<String> otherThings(Login login) {
    return database.queryAll(
        """
        select case deptype when 'o' then 'owns ' else 'granted on ' end
          || pg_describe_object(classid, objid, objsubid)
        from pg_shdepend
        where refclassid = 'pg_authid'::regclass and refobjid = to_regrole('%s')
          and classid <> 'pg_class'::regclass
          and dbid in (0, (select oid from pg_database where datname = current_database()))
        order by 1
        """
            .formatted(login.role()));
  }

  @Test
  void theServiceCanDoWhatItMust() throws Exception {
    DataSource service = database.dataSource(roles.service());
    JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");
    OutboxSchema.of(outbox).check(service);
    InboxSchema.check(service);
    IdempotencySchema.check(service);
    JobSchema.check(service);
    TokenSchema.check(service);
    try (Connection connection = service.getConnection()) {
      connection.setAutoCommit(false);
      outbox.writer(connection).append(OutboxEvent.of("Order", "1", "Placed", "{}"));
      connection.rollback();
    }
    database.write(
        "begin; insert into outbox_event (id, aggregatetype, aggregateid, type, payload)"
            + " values (gen_random_uuid(), 'Order', '1', 'Placed', null); rollback");
  }

  @Test
  void aServiceMayWriteMessagesWhereThatIsAskedFor(PostgresServer server) {
    try (OutboxDatabase own = OutboxDatabase.create(server)) {
      String message = "select pg_logical_emit_message(true, 'somebody else', 'x')";
      own.roles().grantWithMessages();
      own.write(message);
      own.roles().grant();
      assertThatThrownBy(() -> own.write(message)).hasRootCauseInstanceOf(SQLException.class);
    }
  }

  @Test
  void runAgainTheFileTakesAwayWhatDoesNotStandInIt(PostgresServer server) throws Exception {
    try (OutboxDatabase own = withEveryTable(server)) {
      Map<String, List<String>> before = allRights(own);
      own.roles().grant();
      assertThat(allRights(own)).isEqualTo(before);
      // Given rights of every kind that somebody has granted since
      own.execute(
          """
          grant all on outbox_event, outbox_parked, inbox_event to %1$s;
          grant select (payload) on outbox_event to %1$s;
          grant truncate on outbox_event to %2$s;
          grant select on outbox_relay, idempotency_key, outbox_event_seq_seq to public;
          grant create on schema public to public, %1$s, %2$s;
          """
              .formatted(own.roles().service().role(), own.roles().relay().role()));
      assertThat(allRights(own)).isNotEqualTo(before);
      own.roles().grant();
      assertThat(allRights(own)).isEqualTo(before);
    }
  }

  private static Map<String, List<String>> allRights(OutboxDatabase own) {
    DatabaseRoles of = own.roles();
    return Map.of(
        "service", rightsOnRelations(own, of.service().role()),
        "relay", rightsOnRelations(own, of.relay().role()),
        "public", rightsOnRelations(own, "public"),
        "schema", own.queryAll("select nspacl::text from pg_namespace where nspname = 'public'"));
  }

  @Test
  void rolesThatAreNotThreeOrTooStrongAreRefused(PostgresServer server) {
    try (OutboxDatabase own = OutboxDatabase.createEmpty(server)) {
      DatabaseRoles known = own.roles();
      Login strong = new Login(own.slot() + "_strong", "x");
      own.execute("create role %s login superuser".formatted(strong.role()));
      for (DatabaseRoles refused :
          List.of(
              new DatabaseRoles(server, own.slot(), known.owner(), known.owner(), known.relay()),
              new DatabaseRoles(server, own.slot(), known.owner(), known.relay(), known.service()),
              new DatabaseRoles(server, own.slot(), strong, known.service(), known.relay()))) {
        assertThatThrownBy(refused::grant).isInstanceOf(LocalStackException.class);
      }
      own.execute("drop role " + strong.role());
    }
  }
}
