package dev.outbox.writer;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@WithLocalStack
class OutboxSchemaTest {

  private static final Path PUBLISHED_SQL = Path.of("../docs/sql/outbox_event.sql");

  private final OutboxSchema schema = OutboxSchema.of(OutboxTable.DEFAULT);
  private TestDatabase database;

  @BeforeEach
  void createDatabase(PostgresServer server) {
    database = TestDatabase.empty(server);
  }

  @Test
  void theTableIsTheOneOfTheContract() throws SQLException {
    schema.migrate(database.owner());

    assertThat(columns())
        .containsExactly(
            "seq|bigint|t|a|null",
            "id|uuid|t||null",
            "aggregatetype|text|t||null",
            "aggregateid|text|t||null",
            "type|text|t||null",
            "payload|bytea|f||null",
            "headers|text|f||null",
            "created_at|timestamp with time zone|t||now()");
    assertThat(constraints()).containsExactly("PRIMARY KEY (seq)", "UNIQUE (id)");
    schema.check(database.owner());
  }

  @Test
  void aRowOfTheContractsFiveColumnsIsEnough() throws SQLException {
    schema.migrate(database.owner());

    database.execute(
        "insert into outbox_event(id, aggregatetype, aggregateid, type, payload)"
            + " values (gen_random_uuid(), 'Order', '42', 'OrderPlaced', '{}')");

    assertThat(database.rows("select seq, headers, created_at is not null from outbox_event"))
        .containsExactly("1|null|t");
  }

  @Test
  void thePublishedSqlCreatesTheSameTableAsTheMigration(PostgresServer server)
      throws SQLException, IOException {
    schema.migrate(database.owner());
    List<String> migrated = description();

    database = TestDatabase.empty(server);
    database.executeAsOwner(Files.readString(PUBLISHED_SQL));

    assertThat(description()).isEqualTo(migrated).hasSizeGreaterThan(15);
  }

  @Test
  void migratingAgainChangesNothing() throws SQLException {
    schema.migrate(database.owner());
    schema.migrate(database.owner());

    assertThat(database.rows("select version from outbox_writer_schema_history"))
        .containsExactly("1");
  }

  @RepeatedTest(3) // a race: without the lock one of sixteen runs failed
  void instancesThatStartTogetherMigrateOnce() throws Exception {
    ExecutorService instances = Executors.newFixedThreadPool(8);
    try {
      List<Future<?>> starts = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        starts.add(instances.submit(() -> schema.migrate(database.owner())));
      }
      for (Future<?> start : starts) {
        start.get();
      }
    } finally {
      instances.shutdownNow();
    }

    assertThat(database.rows("select version from outbox_writer_schema_history"))
        .containsExactly("1");
  }

  @Test
  void anInstanceWaitsWhileAnotherMigrates() throws Exception {
    ExecutorService instance = Executors.newSingleThreadExecutor();
    try (Connection other = database.begin()) {
      // Given
      FlywayMigration.awaitOtherInstances(other);

      // When
      Future<?> start = instance.submit(() -> schema.migrate(database.owner()));
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  database.rows(
                      "select 1 from pg_locks where locktype = 'advisory' and not granted"
                          + " and database = (select oid from pg_database where datname ="
                          + " current_database())"),
              waiting -> waiting.size() == 1);
      assertThat(tables()).isEmpty();
      other.rollback();

      // Then
      start.get(30, TimeUnit.SECONDS);
      schema.check(database.owner());
    } finally {
      instance.shutdownNow();
    }
  }

  @Test
  void theApplicationsFlywayInTheSameSchemaAndThisOneDoNotSeeEachOther() throws SQLException {
    applicationsFlyway().migrate();
    schema.migrate(database.owner());
    applicationsFlyway().migrate();
    applicationsFlyway().validate();
    schema.migrate(database.owner());

    assertThat(database.rows("select version, description from flyway_schema_history"))
        .containsExactly("1|purchase");
    assertThat(
            database.rows(
                "select version, type from outbox_writer_schema_history order by installed_rank"))
        .containsExactly("0|BASELINE", "1|SQL");
    schema.check(database.owner());
  }

  private Flyway applicationsFlyway() {
    return Flyway.configure()
        .dataSource(database.owner())
        .locations("classpath:application-migration")
        .load();
  }

  @Test
  void aTableMadeByHandIsTakenOver() throws SQLException, IOException {
    database.executeAsOwner(Files.readString(PUBLISHED_SQL));
    database.execute(
        "insert into outbox_event(id, aggregatetype, aggregateid, type)"
            + " values (gen_random_uuid(), 'Order', '42', 'OrderPlaced')");

    schema.migrate(database.owner());

    assertThat(database.rows("select 1 from outbox_event")).hasSize(1);
    schema.check(database.owner());
  }

  @Test
  void outboxesOfOtherNamesAreMigratedIndependentlyAlsoInOneSchema() throws SQLException {
    for (String name :
        List.of(
            "outbox_event", "Audit Outbox", "it's \"odd\"; --", "o".repeat(28), "o".repeat(29))) {
      OutboxSchema other = OutboxSchema.of(OutboxTable.named(name));
      other.migrate(database.owner());
      other.migrate(database.owner());
      other.check(database.owner());
    }

    assertThat(tables())
        .containsExactlyInAnyOrder(
            "outbox_event",
            "outbox_writer_schema_history",
            "Audit Outbox",
            "outbox_writer_schema_history_Audit Outbox",
            "it's \"odd\"; --",
            "outbox_writer_schema_history_6198abd1",
            "o".repeat(28),
            "outbox_writer_schema_history_" + "o".repeat(28),
            "o".repeat(29),
            "outbox_writer_schema_history_4f4bae2f");
  }

  @Test
  void aMissingSchemaIsCreatedAndHoldsTableAndHistory() throws SQLException {
    OutboxSchema inSales = OutboxSchema.of(OutboxTable.DEFAULT.inSchema("Sales"));

    inSales.migrate(database.owner());

    inSales.check(database.owner());
    assertThat(
            database.rows(
                "select table_name from information_schema.tables where table_schema = 'Sales'"))
        .containsExactlyInAnyOrder("outbox_event", "outbox_writer_schema_history");
    assertThat(tables()).isEmpty();
  }

  @Test
  void aFailedMigrationSaysTheRemedy() throws SQLException {
    database.executeAsOwner("create view outbox_event as select 1 as id");

    assertThatThrownBy(() -> schema.migrate(database.owner()))
        .isInstanceOf(OutboxSchemaException.class)
        .hasMessageStartingWith(
            "Cannot migrate the outbox table outbox_event. Give the database user the right to"
                + " create it, or apply docs/sql/outbox_event.sql by hand and turn migration off"
                + " (outbox.writer.migrate=false). The cause: ")
        .hasMessageContaining("\"outbox_event\" is not a table");
  }

  @Test
  void aMissingTableIsReportedWithTheRemedy() {
    assertThatThrownBy(() -> schema.check(database.owner()))
        .isInstanceOf(OutboxSchemaException.class)
        .hasMessageMatching(
            "The outbox table outbox_event does not exist \\(database writer_\\w+, user writer_\\w+_owner,"
                + " search path public\\)\\. Let the library create it"
                + " \\(outbox\\.writer\\.migrate=true, or OutboxSchema\\.migrate\\), or apply"
                + " docs/sql/outbox_event\\.sql by hand\\.");
    assertThatThrownBy(
            () -> OutboxSchema.of(OutboxTable.DEFAULT.inSchema("sales")).check(database.owner()))
        .hasMessageStartingWith("The outbox table sales.outbox_event does not exist");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "drop column headers"
            + "| column headers is missing (alter table \"outbox_event\" add column headers text)",
        "drop column created_at"
            + "| column created_at is missing (alter table \"outbox_event\" add column created_at timestamptz not null default now())",
        "alter column payload type jsonb using null"
            + "| column payload has type jsonb instead of bytea",
        "alter column payload set not null"
            + "| column payload does not allow null (alter table \"outbox_event\" alter column payload drop not null)",
        "alter column seq drop identity"
            + "| column seq is not filled by the database (it should be bigint generated always as identity primary key)",
        "drop constraint outbox_event_id_key"
            + "| column id is not unique, so that duplicates would not be noticed (alter table \"outbox_event\" add unique (id))",
        "add column tenant text not null"
            + "| column tenant is unknown to the writer and has neither a default nor allows null",
      })
  void aDefectIsReportedWithItsRemedy(String change, String message) throws SQLException {
    schema.migrate(database.owner());
    database.execute("alter table outbox_event " + change);

    assertThatThrownBy(() -> schema.check(database.owner()))
        .isInstanceOf(OutboxSchemaException.class)
        .hasMessage(
            "The outbox table outbox_event is not fit to be written to: "
                + message
                + ". docs/sql/outbox_event.sql shows it as it should be.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "create unique index on outbox_event (id, type)",
        "create unique index on outbox_event (id) where type = 'x'",
        "alter table outbox_event add unique (id) deferrable",
      })
  void anIndexThatDoesNotKeepIdsUniqueDoesNotPassForOne(String index) throws SQLException {
    schema.migrate(database.owner());
    database.execute("alter table outbox_event drop constraint outbox_event_id_key");
    database.execute(index);

    assertThatThrownBy(() -> schema.check(database.owner()))
        .hasMessageContaining("column id is not unique");
  }

  @Test
  void allDefectsAreReportedAtOnce() throws SQLException {
    database.execute("create table outbox_event (id text, aggregatetype varchar(255))");

    assertThatThrownBy(() -> schema.check(database.owner()))
        .hasMessageContainingAll(
            "column seq is missing",
            "column id has type text instead of uuid",
            "column id is not unique",
            "column aggregateid is missing",
            "column type is missing",
            "column payload is missing",
            "column headers is missing",
            "column created_at is missing")
        .hasMessageNotContaining("aggregatetype");
  }

  @Test
  void missingPrivilegesAreReportedAsSuch() throws SQLException {
    schema.migrate(database.owner());
    withoutPrivileges();

    assertThatThrownBy(() -> schema.check(database.dataSource("clerk", "clerk")))
        .hasMessageContainingAll(
            "the user may not insert column payload (grant select, insert on \"outbox_event\")",
            "the user may not select column id (grant select, insert on \"outbox_event\")")
        .hasMessageNotContaining("is missing");
  }

  @Test
  void theRightsThatTheCheckAsksForAreEnoughToAppend() throws SQLException {
    schema.migrate(database.owner());
    withoutPrivileges();
    database.execute("grant select, insert on outbox_event to clerk");

    schema.check(database.dataSource("clerk", "clerk"));
    try (Connection connection = database.dataSource("clerk", "clerk").getConnection()) {
      connection.setAutoCommit(false);
      JdbcOutbox.withTable("outbox_event")
          .writer(connection)
          .append(OutboxEvent.of("Order", "42", "OrderPlaced", "{}"));
      connection.commit();
    }

    assertThat(database.rows("select 1 from outbox_event")).hasSize(1);
  }

  @Test
  void aPoolThatDefaultsToManualCommitCanBeChecked() throws SQLException {
    database.migrate(OutboxTable.DEFAULT);

    try (Connection connection = database.begin()) {
      schema.check(connection);
    }
  }

  /** Roles belong to the server, so another test may have made it. */
  private void withoutPrivileges() throws SQLException {
    database.execute(
        """
        do $$ begin
          create role clerk login password 'clerk';
        exception when duplicate_object then null;
        end $$""");
    database.execute("grant connect on database %s to clerk".formatted(database.name()));
  }

  private List<String> tables() throws SQLException {
    return database.rows(
        "select table_name from information_schema.tables where table_schema = 'public'");
  }

  private List<String> columns() throws SQLException {
    return database.rows(
        """
        select attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
          pg_get_expr(adbin, adrelid)
        from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid = 'outbox_event'::regclass and attnum > 0
        order by attnum""");
  }

  private List<String> constraints() throws SQLException {
    return database.rows(
        """
        select pg_get_constraintdef(oid) from pg_constraint
        where conrelid = 'outbox_event'::regclass and contype in ('p', 'u') order by 1""");
  }

  /** All that the catalog knows of the table, as far as it does not differ between databases. */
  private List<String> description() throws SQLException {
    List<String> all = new ArrayList<>(columns());
    all.addAll(constraints());
    all.addAll(
        database.rows(
            "select indexdef from pg_indexes where tablename = 'outbox_event' order by 1"));
    all.addAll(
        database.rows(
            "select attname, attstorage, attcompression, col_description(attrelid, attnum)"
                + " from pg_attribute where attrelid = 'outbox_event'::regclass order by attnum"));
    all.addAll(
        database.rows(
            "select relkind, relpersistence, relreplident, reloptions, obj_description(oid, 'pg_class')"
                + " from pg_class where oid = 'outbox_event'::regclass"));
    return all;
  }
}
