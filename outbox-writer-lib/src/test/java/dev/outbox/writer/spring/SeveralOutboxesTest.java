package dev.outbox.writer.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.HeaderSource;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.Medium;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxSchemaException;
import dev.outbox.writer.OutboxTable;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.TenantOutbox;
import dev.outbox.writer.TenantTables;
import dev.outbox.writer.TestDatabase;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@WithLocalStack
class SeveralOutboxesTest {

  private TestDatabase database;
  private ApplicationContextRunner application;

  @BeforeEach
  void prepare(PostgresServer server) {
    database = TestDatabase.empty(server);
    application =
        new ApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    DataSourceAutoConfiguration.class,
                    DataSourceTransactionManagerAutoConfiguration.class,
                    TransactionAutoConfiguration.class,
                    OutboxWriterAutoConfiguration.class))
            // The application makes its tables, so it connects as their owner.
            .withPropertyValues(database.springProperties(database.roles().owner()))
            .withPropertyValues("spring.datasource.hikari.maximum-pool-size=3");
  }

  @Configuration(proxyBeanMethods = false)
  static class AuditOutbox {

    @Bean(defaultCandidate = false)
    @Qualifier("audit") OutboxWriter auditOutbox(SpringOutboxes outboxes) {
      return outboxes.writer(OutboxTable.named("audit_event"));
    }

    @Bean
    HeaderSource tenant() {
      return event -> Map.of("tenant", "acme");
    }
  }

  @Test
  void twoOutboxesStandSideBySideInOneTransactionAndBothTablesAreMade() {
    application
        .withUserConfiguration(AuditOutbox.class)
        .run(
            context -> {
              OutboxWriter main = context.getBean(OutboxWriter.class);
              OutboxWriter audit = context.getBean("auditOutbox", OutboxWriter.class);
              context
                  .getBean(TransactionTemplate.class)
                  .executeWithoutResult(
                      status -> {
                        main.append(event("Placed"));
                        audit.append(event("Audited"));
                      });

              assertThat(database.rows("select type, headers from outbox_event"))
                  .containsExactly("Placed|{\"tenant\":\"acme\"}");
              assertThat(database.rows("select type, headers from audit_event"))
                  .containsExactly("Audited|{\"tenant\":\"acme\"}");
              assertThat(database.rows("select e.xmin = a.xmin from outbox_event e, audit_event a"))
                  .containsExactly("t");
            });
  }

  @Test
  void theApplicationsFlywayStillRunsFirst() {
    application
        .withUserConfiguration(AuditOutbox.class)
        .withConfiguration(AutoConfigurations.of(FlywayAutoConfiguration.class))
        .withPropertyValues("spring.flyway.locations=classpath:application-migration")
        .run(context -> assertThat(context).hasNotFailed().hasSingleBean(Flyway.class));
  }

  @Test
  void aFurtherTableThatIsMissingStopsTheStartToo() throws SQLException {
    database.migrate(OutboxTable.DEFAULT);

    application
        .withUserConfiguration(AuditOutbox.class)
        .withPropertyValues("outbox.writer.migrate=false")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .isInstanceOf(OutboxSchemaException.class)
                    .hasMessageContaining("audit_event does not exist"));
  }

  @Test
  void applicationsWithTwoDataSourcesBindAWriterToEach() throws SQLException {
    database.migrate(OutboxTable.DEFAULT);
    DataSource one = database.dataSource();
    OutboxWriter writer =
        new SpringTransactionOutboxWriter(JdbcOutbox.withTable("outbox_event"), one);

    new TransactionTemplate(new JdbcTransactionManager(one))
        .executeWithoutResult(status -> writer.append(event("Placed")));

    assertThat(database.rows("select type from outbox_event")).containsExactly("Placed");
  }

  private static final ThreadLocal<String> TENANT = new ThreadLocal<>();

  @Configuration(proxyBeanMethods = false)
  static class SchemaPerTenant {

    @Bean
    TenantTables tenantTables() {
      return new TenantTables() {
        @Override
        public OutboxTable currentTable() {
          return OutboxTable.DEFAULT.inSchema(TENANT.get());
        }

        @Override
        public Collection<OutboxTable> tablesAtStart() {
          return List.of(
              OutboxTable.DEFAULT.inSchema("acme"), OutboxTable.DEFAULT.inSchema("globex"));
        }
      };
    }
  }

  @Test
  void eachTenantsEventsStandInTheTenantsSchema() {
    application
        .withUserConfiguration(SchemaPerTenant.class)
        .run(
            context -> {
              appendAs(
                  "acme",
                  context.getBean(OutboxWriter.class),
                  context.getBean(TransactionTemplate.class));
              appendAs(
                  "globex",
                  context.getBean(OutboxWriter.class),
                  context.getBean(TransactionTemplate.class));

              assertThat(context)
                  .hasSingleBean(TenantOutbox.class)
                  .doesNotHaveBean(JdbcOutbox.class);
              assertThat(database.rows("select type from acme.outbox_event"))
                  .containsExactly("of acme");
              assertThat(database.rows("select type from globex.outbox_event"))
                  .containsExactly("of globex");
              assertThat(database.rows("select to_regclass('public.outbox_event')"))
                  .containsExactly("null");
            });
  }

  @Test
  void tenantsMayUseTheLog() {
    database.migrate(OutboxTable.DEFAULT.inSchema("acme"));
    database.migrate(OutboxTable.DEFAULT.inSchema("globex"));
    database.roles().grantWithMessages();
    application
        .withUserConfiguration(SchemaPerTenant.class)
        .withPropertyValues(database.springProperties(database.roles().service()))
        .withPropertyValues("outbox.writer.medium=log", "outbox.writer.migrate=false")
        .run(
            context -> {
              appendAs(
                  "acme",
                  context.getBean(OutboxWriter.class),
                  context.getBean(TransactionTemplate.class));

              assertThat(context.getBean(OutboxWriterProperties.class).medium())
                  .isEqualTo(Medium.LOG);
              assertThat(database.rows("select 1 from acme.outbox_event")).isEmpty();
            });
  }

  private static void appendAs(
      String tenant, OutboxWriter writer, TransactionTemplate transaction) {
    TENANT.set(tenant);
    try {
      transaction.executeWithoutResult(status -> writer.append(event("of " + tenant)));
    } finally {
      TENANT.remove();
    }
  }

  private static OutboxEvent event(String type) {
    return OutboxEvent.of("Order", "42", type, "{}");
  }
}
