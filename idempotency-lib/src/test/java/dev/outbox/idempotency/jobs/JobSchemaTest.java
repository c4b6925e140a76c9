package dev.outbox.idempotency.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.SchemaDescription;
import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TestRole;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Test;

@WithLocalStack
class JobSchemaTest {

  private static final Path PUBLISHED = Path.of("..", "docs", "sql", "durable_job.sql");

  private final PostgresServer postgres;
  private final TestDatabase database;

  JobSchemaTest(PostgresServer postgres) {
    this.postgres = postgres;
    this.database = TestDatabase.ofOwner(postgres);
  }

  @Test
  void flywayAndThePublishedSqlMakeTheSameTable() throws SQLException, IOException {
    // Given
    TestDatabase byHand = TestDatabase.ofOwner(postgres);

    // When
    JobSchema.migrate(database.dataSource());
    byHand.execute(Files.readString(PUBLISHED));

    // Then
    assertThat(SchemaDescription.of(byHand, "durable_job"))
        .hasSizeGreaterThan(15)
        .isEqualTo(SchemaDescription.of(database, "durable_job"));
    assertThatCode(() -> JobSchema.check(byHand.dataSource())).doesNotThrowAnyException();
  }

  @Test
  void aTableMadeByHandMayBeTakenOverByFlywayUnderAHistoryOfItsOwn()
      throws SQLException, IOException {
    // Given
    database.execute(Files.readString(PUBLISHED));
    database.execute(
        "insert into durable_job (recipient, type, business_id, payload) values ('u', 't', '1', '')");

    // When
    JobSchema.migrate(database.dataSource());

    // Then
    assertThat(database.query("select business_id from durable_job")).containsExactly("1");
    assertThat(
            database.query(
                "select version from outbox_jobs_schema_history order by installed_rank"))
        .containsExactly("0", "1");
  }

  @Test
  void checkNamesTheMissingTableAndTheRemedy() {
    assertThatThrownBy(() -> JobSchema.check(database.dataSource()))
        .isInstanceOf(JobSchemaException.class)
        .hasMessageContaining("\"durable_job\" lacks: the table itself")
        .hasMessageContaining("JobSchema.migrate")
        .hasMessageContaining("docs/sql/durable_job.sql");
  }

  @Test
  void checkNamesEverythingThatIsMissing() throws SQLException {
    // Given: a unique index that would let some repeats pass as new
    JobSchema.migrate(database.dataSource());
    database.execute("alter table durable_job drop column fence");
    database.execute("alter table durable_job alter column attempts type text");
    database.execute(
        "alter table durable_job drop constraint durable_job_recipient_type_business_id_key");
    database.execute(
        "create unique index on durable_job (recipient, type, business_id) where state <> 'done'");

    // Then
    assertThatThrownBy(() -> JobSchema.check(database.dataSource()))
        .hasMessageContaining("the column attempts of type integer")
        .hasMessageContaining("the column fence of type bigint")
        .hasMessageContaining("unique index over exactly (recipient, type, business_id)")
        .hasMessageNotContaining("privileges");
  }

  @Test
  void checkNamesMissingPrivileges() throws SQLException {
    // Given
    JobSchema.migrate(database.dataSource());
    TestDatabase asReader = TestRole.with("select, insert", "durable_job", database);

    // Then
    assertThatThrownBy(() -> JobSchema.check(asReader.dataSource()))
        .isInstanceOf(JobSchemaException.class)
        .hasMessageContaining("lacks: the privileges SELECT, INSERT, UPDATE, DELETE");
  }

  @Test
  void aWorkerDoesNotStartWithoutItsTableNorWithoutItsDatabase() {
    // Given
    Map<TestDatabase, Class<?>> refusals =
        Map.of(
            database,
            JobSchemaException.class,
            new TestDatabase(database.url(), database.user(), "wrong"),
            JobWorkerStartException.class);

    // Then
    assertThat(refusals)
        .allSatisfy(
            (unfit, refusal) -> {
              try (JobWorker worker =
                  JobWorker.builder()
                      .dataSource(unfit.dataSource())
                      .handler("type", attempt -> JobOutcome.done())
                      .build()) {
                assertThatThrownBy(worker::start)
                    .isInstanceOf(refusal)
                    .hasMessageContaining("durable_job");
                assertThat(worker.state()).isEqualTo(new WorkerState.Created());
              }
            });
  }
}
