package dev.outbox.idempotency.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TestRole;
import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

@WithLocalStack
class IdempotencySchemaTest {

  private static final Path PUBLISHED = Path.of("..", "docs", "sql", "idempotency_key.sql");

  /** Columns, defaults, constraints and indexes: all that makes two tables the same. */
  private static final String DESCRIPTION =
      """
      select concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                       a.attidentity, pg_get_expr(d.adbin, d.adrelid))
      from pg_attribute a
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = 'idempotency_key'::regclass and a.attnum > 0
      union all
      select concat_ws(' ', conname, pg_get_constraintdef(oid))
      from pg_constraint where conrelid = 'idempotency_key'::regclass
      union all
      select pg_get_indexdef(indexrelid)
      from pg_index where indrelid = 'idempotency_key'::regclass
      order by 1
      """;

  private final PostgresServer postgres;
  private final TestDatabase database;

  IdempotencySchemaTest(PostgresServer postgres) {
    this.postgres = postgres;
    this.database = TestDatabase.ofOwner(postgres);
  }

  @Test
  void flywayAndThePublishedSqlMakeTheSameTable() throws SQLException, IOException {
    // Given
    TestDatabase byHand = TestDatabase.ofOwner(postgres);

    // When
    IdempotencySchema.migrate(database.dataSource());
    byHand.execute(Files.readString(PUBLISHED));

    // Then
    assertThat(byHand.query(DESCRIPTION))
        .hasSizeGreaterThan(15)
        .isEqualTo(database.query(DESCRIPTION));
    assertThatCode(() -> IdempotencySchema.check(byHand.dataSource())).doesNotThrowAnyException();
  }

  @Test
  void itsHistoryIsApartFromTheInboxsAndTheApplications() throws SQLException {
    // When
    InboxSchema.migrate(database.dataSource());
    IdempotencySchema.migrate(database.dataSource());
    IdempotencySchema.migrate(database.dataSource());

    // Then
    assertThat(
            database.query(
                "select version from outbox_http_schema_history order by installed_rank"))
        .containsExactly("0", "1");
    assertThat(database.query("select to_regclass('flyway_schema_history')"))
        .containsExactly("null");
  }

  @Test
  void aTableMadeByHandMayBeTakenOverByFlyway() throws SQLException, IOException {
    // Given
    database.execute(Files.readString(PUBLISHED));

    // Then
    assertThatCode(() -> IdempotencySchema.migrate(database.dataSource()))
        .doesNotThrowAnyException();
  }

  @Test
  void checkNamesTheMissingTableAndTheRemedy() {
    assertThatThrownBy(() -> IdempotencySchema.check(database.dataSource()))
        .isInstanceOf(IdempotencySchemaException.class)
        .hasMessageContaining("\"idempotency_key\" lacks: the table itself")
        .hasMessageContaining("outbox.idempotency.migrate=true")
        .hasMessageContaining("docs/sql/idempotency_key.sql");
  }

  @Test
  void checkRefusesATableThatWouldLetRepeatsPass() throws SQLException {
    // Given: an index that is not enough, since it covers only some of the rows
    IdempotencySchema.migrate(database.dataSource());
    database.execute("alter table idempotency_key drop constraint idempotency_key_pkey");
    database.execute("create unique index on idempotency_key (id) where state = 'completed'");
    database.execute("alter table idempotency_key alter fence drop identity");
    database.execute("alter table idempotency_key drop lease_until");
    database.execute("alter table idempotency_key alter endpoint type char(10)");

    // Then
    assertThatThrownBy(() -> IdempotencySchema.check(database.dataSource()))
        .isInstanceOf(IdempotencySchemaException.class)
        .hasMessageContaining("unique index over exactly (id)")
        .hasMessageContaining("the column fence of type bigint identity")
        .hasMessageContaining("the column lease_until of type timestamp with time zone")
        .hasMessageContaining("the column endpoint of type text")
        .hasMessageNotContaining("the table itself")
        .hasMessageNotContaining("privileges");
  }

  @Test
  void checkNamesMissingPrivileges() throws SQLException {
    // Given
    IdempotencySchema.migrate(database.dataSource());
    TestDatabase asReader = TestRole.with("select, insert", "idempotency_key", database);

    // Then
    assertThatThrownBy(() -> IdempotencySchema.check(asReader.dataSource()))
        .hasMessageContaining("lacks: the privileges SELECT, INSERT, UPDATE, DELETE");
  }

  @Test
  void theNameMustLeaveRoomForItsIndex() {
    assertThatThrownBy(() -> IdempotencyTable.named("k".repeat(53)))
        .hasMessageContaining("longer than PostgreSQL's 63 bytes");
    assertThatThrownBy(() -> IdempotencyTable.named(" ")).hasMessageContaining("blank");
  }
}
