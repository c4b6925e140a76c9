package dev.outbox.idempotency.inbox;

import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.runAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TestRole;
import dev.outbox.idempotency.internal.Migration;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@WithLocalStack
class InboxSchemaTest {

  private static final Path SQL = Path.of("..", "docs", "sql");
  private static final Path PUBLISHED = SQL.resolve("inbox_event.sql");

  /** Columns, defaults, constraints and indexes: all that makes two tables the same. */
  private static final String DESCRIPTION =
      """
      select concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                       pg_get_expr(d.adbin, d.adrelid))
      from pg_attribute a
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = '%1$s'::regclass and a.attnum > 0
      union all
      select concat_ws(' ', conname, pg_get_constraintdef(oid))
      from pg_constraint where conrelid = '%1$s'::regclass
      union all
      select pg_get_indexdef(indexrelid) from pg_index where indrelid = '%1$s'::regclass
      order by 1
      """;

  private final PostgresServer postgres;
  private final TestDatabase database;

  InboxSchemaTest(PostgresServer postgres) {
    this.postgres = postgres;
    this.database = TestDatabase.ofOwner(postgres);
  }

  @ParameterizedTest
  @ValueSource(strings = {"inbox_event", "inbox_position", "inbox_dead_letter"})
  void flywayAndThePublishedSqlMakeTheSameTable(String table) throws SQLException, IOException {
    // Given
    TestDatabase byHand = TestDatabase.ofOwner(postgres);

    // When
    InboxSchema.migrate(database.dataSource());
    byHand.execute(Files.readString(SQL.resolve(table + ".sql")));

    // Then
    assertThat(byHand.query(DESCRIPTION.formatted(table)))
        .hasSizeGreaterThan(5)
        .isEqualTo(database.query(DESCRIPTION.formatted(table)));
  }

  @Test
  void theTablesMadeByHandPassTheChecks() throws SQLException, IOException {
    // Given
    for (String table : List.of("inbox_event", "inbox_position", "inbox_dead_letter")) {
      database.execute(Files.readString(SQL.resolve(table + ".sql")));
    }

    // Then
    InboxSchema.check(database.dataSource());
    try (Connection connection = database.begin()) {
      InboxSchema.checkPositions(connection, InboxTable.DEFAULT);
      InboxSchema.checkDeadLetters(connection, InboxTable.DEFAULT);
    }
  }

  @Test
  void theCheckOfTheMarksNamesWhatIsMissingAndTheRemedy() throws SQLException {
    try (Connection connection = database.begin()) {
      // Given
      assertThatThrownBy(() -> InboxSchema.checkPositions(connection, InboxTable.DEFAULT))
          .isInstanceOf(InboxSchemaException.class)
          .hasMessageContaining("\"inbox_position\" lacks: the table itself")
          .hasMessageContaining("docs/sql/inbox_position.sql");
      TestDatabase.execute(
          connection, "create table inbox_position (consumer text primary key, topic text)");

      // Then
      assertThatThrownBy(() -> InboxSchema.checkPositions(connection, InboxTable.DEFAULT))
          .hasMessageContaining("the column partitions")
          .hasMessageContaining("over exactly (consumer, topic, partition, source)");
    }
  }

  @Test
  void aSchemaWithTablesOfTheApplicationIsMigratedUnderAHistoryOfItsOwn() throws SQLException {
    // Given
    database.execute("create table customer (id bigint primary key)");

    // When
    InboxSchema.migrate(database.dataSource());
    InboxSchema.migrate(database.dataSource());

    // Then
    assertThat(
            database.query(
                "select version from outbox_idempotency_schema_history order by installed_rank"))
        .containsExactly("0", "1", "2", "3", "4");
    assertThat(database.query("select to_regclass('flyway_schema_history')"))
        .containsExactly("null");
  }

  @Test
  void aTableMadeByHandMayBeTakenOverByFlyway() throws SQLException, IOException {
    // Given
    database.execute(Files.readString(PUBLISHED));
    database.execute("insert into inbox_event values ('shipping', 'orders', 'e1')");

    // When
    InboxSchema.migrate(database.dataSource());

    // Then
    assertThat(Effects.markers(database)).containsExactly("e1");
  }

  @Test
  void instancesThatStartTogetherMayAllMigrate() {
    // When
    CompletableFuture<?>[] instances =
        List.of(1, 2, 3).stream()
            .map(
                i ->
                    runAsync(
                        () -> InboxSchema.migrate(database.dataSource()), TestDatabase.THREAD_EACH))
            .toArray(CompletableFuture[]::new);

    // Then
    assertThat(CompletableFuture.allOf(instances)).succeedsWithin(PATIENCE);
  }

  @Test
  void anInstanceWaitsWhileAnotherMigrates() throws SQLException {
    try (Connection other = database.begin()) {
      // Given
      Migration.awaitOtherInstances(other);

      // When
      CompletableFuture<?> instance =
          runAsync(() -> InboxSchema.migrate(database.dataSource()), TestDatabase.THREAD_EACH);
      await().atMost(PATIENCE).until(() -> database.waitingForLocks().size() == 1);
      assertThat(database.query("select 1 from pg_tables where schemaname = 'public'")).isEmpty();
      other.rollback();

      // Then
      assertThat(instance).succeedsWithin(PATIENCE);
    }
  }

  @Test
  void checkNamesTheMissingTableAndTheRemedy() {
    assertThatThrownBy(() -> InboxSchema.check(database.dataSource()))
        .isInstanceOf(InboxSchemaException.class)
        .hasMessageContaining("\"inbox_event\" lacks: the table itself")
        .hasMessageContaining("InboxSchema.migrate")
        .hasMessageContaining("docs/sql/inbox_event.sql");
  }

  @Test
  void checkRefusesATableWithoutTheUniqueIndexBecauseRepeatsWouldPassAsNew() throws SQLException {
    // Given: an index that is not enough, since it covers only some of the rows
    InboxSchema.migrate(database.dataSource());
    database.execute("alter table inbox_event drop constraint inbox_event_pkey");
    database.execute(
        "create unique index on inbox_event (consumer, source, event_id) where source <> 'x'");

    // Then
    assertThatThrownBy(() -> InboxSchema.check(database.dataSource()))
        .isInstanceOf(InboxSchemaException.class)
        .hasMessageContaining("unique index over exactly (consumer, source, event_id)")
        .hasMessageNotContaining("the table itself");
  }

  @Test
  void checkNamesEverythingThatIsMissing() throws SQLException {
    // Given
    database.execute("create table inbox_event (consumer text, event_id uuid)");

    // Then
    assertThatThrownBy(() -> InboxSchema.check(database.dataSource()))
        .hasMessageContaining("processed_at")
        .hasMessageContaining("the column event_id of type text")
        .hasMessageContaining("unique index")
        .hasMessageNotContaining("privileges");
  }

  @Test
  void checkNamesMissingPrivileges() throws SQLException {
    // Given
    InboxSchema.migrate(database.dataSource());
    TestDatabase asReader = TestRole.with("select", "inbox_event", database);

    // Then
    assertThatThrownBy(() -> InboxSchema.check(asReader.dataSource()))
        .isInstanceOf(InboxSchemaException.class)
        .hasMessageContaining("lacks: the privileges SELECT, INSERT");
  }

  @Test
  void aSecondTableInOneSchemaIsRefusedRatherThanSilentlyNotMade() {
    // Given
    InboxSchema.migrate(database.dataSource());

    // Then
    assertThatThrownBy(() -> InboxSchema.migrate(database.dataSource(), InboxTable.named("second")))
        .isInstanceOf(InboxSchemaException.class)
        .hasMessageContaining("\"second\" lacks: the table itself");
  }
}
