package dev.outbox.idempotency.jobs.spring;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.idempotency.jobs.Job;
import dev.outbox.idempotency.jobs.JobKey;
import dev.outbox.idempotency.jobs.JobOutcome;
import dev.outbox.idempotency.jobs.JobSchemaException;
import dev.outbox.idempotency.jobs.JobTable;
import dev.outbox.idempotency.jobs.JobWorker;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.BadSqlGrammarException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@WithLocalStack
class JobsAutoConfigurationTest {

  private static final JobKey KEY = new JobKey("user", "mail", "order 1");

  private final DataSource dataSource;
  private final JdbcTemplate jdbc;
  private final ApplicationContextRunner application;

  JobsAutoConfigurationTest(PostgresServer postgres) {
    this.dataSource = TestDatabase.ofOwner(postgres).dataSource();
    this.jdbc = new JdbcTemplate(dataSource);
    this.application =
        new ApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    DataSourceTransactionManagerAutoConfiguration.class,
                    JobsAutoConfiguration.class))
            .withBean(DataSource.class, () -> dataSource)
            .withPropertyValues("outbox.jobs.enabled=true");
  }

  @Configuration
  static class WithWorker {

    @Bean(initMethod = "start", destroyMethod = "stop")
    JobWorker worker(JobWorker.Builder builder) {
      return builder
          .pollInterval(Duration.ofMillis(20))
          .handler("mail", attempt -> JobOutcome.done())
          .build();
    }
  }

  @Test
  void jobsAreCommittedWithTheSpringTransactionAndDoneByAWorkerBean() {
    application
        .withUserConfiguration(WithWorker.class)
        .run(
            context -> {
              // Given
              SpringJobQueue queue = context.getBean(SpringJobQueue.class);

              // When
              transactions(context)
                  .executeWithoutResult(
                      status -> {
                        queue.enqueue(Job.of(KEY, "rolled back"));
                        status.setRollbackOnly();
                      });
              assertThat(jdbc.queryForList("select 1 from durable_job")).isEmpty();
              Boolean first = transactions(context).execute(s -> queue.enqueue(Job.of(KEY, "")));
              Boolean second = transactions(context).execute(s -> queue.enqueue(Job.of(KEY, "")));

              // Then
              assertThat(List.of(first, second)).containsExactly(true, false);
              await()
                  .atMost(PATIENCE)
                  .until(
                      () -> jdbc.queryForList("select state from durable_job", String.class),
                      List.of("done")::equals);
            });
  }

  @Test
  void jobsGivenUpAreLookedAtAndRetriedInATransaction() {
    application.run(
        context -> {
          // Given
          SpringJobQueue queue = context.getBean(SpringJobQueue.class);
          transactions(context).execute(s -> queue.enqueueAll(List.of(Job.of(KEY, ""))));
          jdbc.execute("update durable_job set state = 'abandoned', finished_at = now()");

          // Then
          transactions(context)
              .executeWithoutResult(
                  status -> {
                    assertThat(queue.abandoned(10)).hasSize(1);
                    assertThat(queue.retryAll("other")).isZero();
                    assertThat(queue.retry(KEY)).isTrue();
                  });
          assertThat(jdbc.queryForObject("select state from durable_job", String.class))
              .isEqualTo("pending");
        });
  }

  @Test
  void withoutASpringTransactionNothingIsWritten() {
    application.run(
        context -> {
          SpringJobQueue queue = context.getBean(SpringJobQueue.class);
          assertThatThrownBy(() -> queue.enqueue(Job.of(KEY, "")))
              .isInstanceOf(TransactionRequiredException.class)
              .hasMessageContaining("durable jobs")
              .hasMessageContaining("@Transactional");
          assertThat(jdbc.queryForList("select 1 from durable_job")).isEmpty();
        });
  }

  @Test
  void aDatabaseErrorIsOneOfSprings() {
    application.run(
        context -> {
          SpringJobQueue queue = context.getBean(SpringJobQueue.class);
          jdbc.execute("drop table durable_job");
          assertThatThrownBy(
                  () -> transactions(context).execute(status -> queue.enqueue(Job.of(KEY, ""))))
              .isInstanceOf(BadSqlGrammarException.class);
        });
  }

  @Test
  void schemaAndTableAreTakenFromTheProperties() {
    application
        .withPropertyValues("outbox.jobs.schema=team", "outbox.jobs.table=todo")
        .run(
            context -> {
              assertThat(context.getBean(JobTable.class)).isEqualTo(JobTable.in("team", "todo"));
              assertThat(jdbc.queryForObject("select count(*) from team.todo", Long.class))
                  .isZero();
            });
  }

  @Test
  void aMissingTableFailsTheStartWhenItIsOnlyToBeChecked() {
    application
        .withPropertyValues("outbox.jobs.migrate=false")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasRootCauseInstanceOf(JobSchemaException.class)
                    .rootCause()
                    .hasMessageContaining("outbox.jobs.migrate=true"));
  }

  @Test
  void nothingIsConfiguredUnlessEnabled() {
    application
        .withPropertyValues("outbox.jobs.enabled=false")
        .run(
            context ->
                assertThat(context)
                    .hasNotFailed()
                    .doesNotHaveBean(SpringJobQueue.class)
                    .doesNotHaveBean(JobTableInitializer.class));
  }

  @Test
  void everyPropertyHasItsNameAndDefaultInTheMetadata() throws IOException {
    try (InputStream metadata =
        Objects.requireNonNull(
            JobsProperties.class.getResourceAsStream(
                "/META-INF/spring-configuration-metadata.json"))) {
      String text = new String(metadata.readAllBytes(), StandardCharsets.UTF_8);
      assertThat(text.replaceAll("\\s+", " "))
          .containsSubsequence("\"outbox.jobs.check\"", "\"defaultValue\": true")
          .containsSubsequence("\"outbox.jobs.enabled\"", "\"defaultValue\": false")
          .containsSubsequence("\"outbox.jobs.migrate\"", "\"defaultValue\": true")
          .containsSubsequence("\"outbox.jobs.schema\"")
          .containsSubsequence("\"outbox.jobs.table\"", "\"defaultValue\": \"durable_job\"");
    }
  }

  private static TransactionTemplate transactions(ApplicationContext context) {
    return new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
  }
}
