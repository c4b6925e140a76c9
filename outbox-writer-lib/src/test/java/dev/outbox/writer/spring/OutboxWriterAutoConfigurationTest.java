package dev.outbox.writer.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.AppendResult;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.LogSlot;
import dev.outbox.writer.Medium;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxSchema;
import dev.outbox.writer.OutboxSchemaException;
import dev.outbox.writer.OutboxTable;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.JdbcTemplateAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.support.TransactionTemplate;

@WithLocalStack
class OutboxWriterAutoConfigurationTest {

  private TestDatabase database;
  private String[] connection;
  private ApplicationContextRunner application;

  @BeforeEach
  void prepare(PostgresServer server) {
    database = TestDatabase.empty(server);
    // The application makes its tables, so it connects as their owner.
    connection =
        Stream.concat(
                Stream.of("spring.datasource.hikari.maximum-pool-size=3"),
                Arrays.stream(database.springProperties(database.roles().owner())))
            .toArray(String[]::new);
    application =
        new ApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    DataSourceAutoConfiguration.class,
                    DataSourceTransactionManagerAutoConfiguration.class,
                    TransactionAutoConfiguration.class,
                    JdbcTemplateAutoConfiguration.class,
                    OutboxWriterAutoConfiguration.class))
            .withPropertyValues(connection);
  }

  @Test
  void everyKeyHasItsDocumentedDefault() {
    application.run(
        context ->
            assertThat(context.getBean(OutboxWriterProperties.class))
                .isEqualTo(
                    new OutboxWriterProperties(
                        true, Medium.TABLE, null, "outbox_event", true, true, true)));
  }

  @Test
  void anApplicationNeedsNothingButADataSource() {
    application.run(
        context -> {
          append(context.getBean(TransactionTemplate.class), context.getBean(OutboxWriter.class));

          assertThat(database.rows("select aggregateid from outbox_event")).containsExactly("42");
        });
  }

  @Test
  void springBootFindsTheAutoConfigurationByItself() {
    new ApplicationContextRunner()
        .withUserConfiguration(ApplicationWithAutoConfiguration.class)
        .withPropertyValues(connection)
        .run(context -> assertThat(context).hasSingleBean(OutboxWriter.class));
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class ApplicationWithAutoConfiguration {}

  @Test
  void theApplicationsFlywayIsStillConfiguredAndRunsFirst() throws SQLException {
    // Flyway refuses a schema with tables but without history, so the wrong order would fail here.
    application
        .withConfiguration(AutoConfigurations.of(FlywayAutoConfiguration.class))
        .withPropertyValues("spring.flyway.locations=classpath:application-migration")
        .run(
            context -> {
              assertThat(context).hasNotFailed().hasSingleBean(Flyway.class);
              assertThat(database.rows("select version from flyway_schema_history"))
                  .containsExactly("1");
              assertThat(
                      database.rows(
                          "select type from outbox_writer_schema_history order by installed_rank"))
                  .containsExactly("BASELINE", "SQL");
            });
  }

  @Test
  void anApplicationThatCreatesTheTableByItsOwnFlywayPassesTheCheck() throws Exception {
    Path location = Files.createTempDirectory("own-migration");
    Files.copy(Path.of("../docs/sql/outbox_event.sql"), location.resolve("V1__outbox.sql"));

    application
        .withConfiguration(AutoConfigurations.of(FlywayAutoConfiguration.class))
        .withPropertyValues(
            "spring.flyway.locations=filesystem:" + location, "outbox.writer.migrate=false")
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(database.rows("select to_regclass('outbox_writer_schema_history')"))
                  .containsExactly("null");
            });
  }

  @Test
  void beansThatUseTheDatabaseWhileStartingFindTheTable() {
    application
        .withUserConfiguration(ApplicationThatCountsAtStart.class)
        .run(context -> assertThat(context.getBean("eventsAtStart")).isEqualTo(0L));
  }

  @Configuration(proxyBeanMethods = false)
  static class ApplicationThatCountsAtStart {
    @Bean
    Long eventsAtStart(JdbcTemplate jdbc) {
      Long count = jdbc.queryForObject("select count(*) from outbox_event", Long.class);
      return count == null ? -1 : count;
    }
  }

  @Test
  void withMigrationOffAMissingTableStopsTheStart() {
    application
        .withPropertyValues("outbox.writer.migrate=false")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .isInstanceOf(OutboxSchemaException.class)
                    .hasMessageContaining("outbox.writer.migrate=true"));
  }

  @Test
  void withMigrationAndCheckOffTheDatabaseIsNotTouched() throws SQLException {
    application
        .withPropertyValues("outbox.writer.migrate=false", "outbox.writer.check=false")
        .run(context -> assertThat(context).hasNotFailed().hasSingleBean(OutboxWriter.class));

    assertThat(
            database.rows("select 1 from information_schema.tables where table_schema = 'public'"))
        .isEmpty();
  }

  @Test
  void switchedOffThereIsNothing() {
    application
        .withPropertyValues("outbox.writer.enabled=false")
        .run(
            context ->
                assertThat(context)
                    .doesNotHaveBean(OutboxWriter.class)
                    .doesNotHaveBean(JdbcOutbox.class)
                    .doesNotHaveBean(OutboxSchema.class));
  }

  @Test
  void withoutDataSourceOrSpringJdbcTheConfigurationKeepsOut() {
    new ApplicationContextRunner()
        .withConfiguration(AutoConfigurations.of(OutboxWriterAutoConfiguration.class))
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(OutboxWriter.class));
    new ApplicationContextRunner()
        .withConfiguration(AutoConfigurations.of(OutboxWriterAutoConfiguration.class))
        .withClassLoader(new FilteredClassLoader(DataSourceUtils.class))
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(OutboxWriter.class));
  }

  @Test
  void twoDataSourcesWithoutAPrimaryOneLeaveTheChoiceToTheApplication() {
    application
        .withBean("one", DataSource.class, database::dataSource)
        .withBean("two", DataSource.class, database::dataSource)
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(OutboxWriter.class));
  }

  @Test
  void theApplicationsOwnBeansTakePrecedence() throws SQLException {
    OutboxWriter own =
        events -> events.stream().map(event -> new AppendResult(event.id(), true)).toList();

    application
        .withBean(OutboxWriter.class, () -> own)
        .withBean(
            JdbcOutbox.class, () -> JdbcOutbox.withTable(OutboxTable.named("own").inSchema("own")))
        .run(
            context -> {
              assertThat(context.getBean(OutboxWriter.class)).isSameAs(own);
              assertThat(database.rows("select 1 from own.own")).isEmpty();
            });
  }

  @Test
  void schemaAndTableAreConfigurable() {
    application
        .withPropertyValues("outbox.writer.schema=Sales", "outbox.writer.table=Order Events")
        .run(
            context -> {
              append(
                  context.getBean(TransactionTemplate.class), context.getBean(OutboxWriter.class));

              assertThat(database.rows("select aggregateid from \"Sales\".\"Order Events\""))
                  .containsExactly("42");
            });
  }

  @Test
  void theLogAsMediumLeavesTheTableEmpty() {
    database.migrate(OutboxTable.DEFAULT);
    database.roles().grantWithMessages();
    application
        .withPropertyValues(database.springProperties(database.roles().service()))
        .withPropertyValues("outbox.writer.medium=log", "outbox.writer.migrate=false")
        .run(
            context -> {
              try (LogSlot slot = LogSlot.create(database)) {
                append(
                    context.getBean(TransactionTemplate.class),
                    context.getBean(OutboxWriter.class));

                assertThat(context.getBean(JdbcOutbox.class).medium()).isEqualTo(Medium.LOG);
                assertThat(slot.messages()).hasSize(1);
                assertThat(database.rows("select 1 from outbox_event")).isEmpty();
              }
            });
  }

  @Test
  void withTheLogAsMediumAMissingTableStopsTheStart() {
    application
        .withPropertyValues("outbox.writer.medium=log", "outbox.writer.migrate=false")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .isInstanceOf(OutboxSchemaException.class)
                    .hasMessageContaining("does not exist"));
  }

  @Test
  void anInvalidNameStopsTheStartWithThePropertysName() {
    application
        .withPropertyValues("outbox.writer.table=sales.outbox_event")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .isInstanceOfSatisfying(
                        InvalidConfigurationPropertyValueException.class,
                        e -> {
                          assertThat(e.getName()).isEqualTo("outbox.writer.table");
                          assertThat(e.getReason()).contains("give schema and table separately");
                        }));
  }

  private static void append(TransactionTemplate transaction, OutboxWriter writer) {
    List<AppendResult> results =
        transaction.execute(
            status -> writer.append(List.of(OutboxEvent.of("Order", "42", "OrderPlaced", "{}"))));
    assertThat(results).singleElement().matches(AppendResult::appended);
  }
}
