package dev.outbox.writer.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.EventSerializer;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxTable;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.TenantTables;
import dev.outbox.writer.TestDatabase;
import dev.outbox.writer.spring.OutboxMapping;
import dev.outbox.writer.spring.SpringOutboxes;
import dev.outbox.writer.spring.SpringTransactionOutboxWriter;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.event.TransactionPhase;
import org.springframework.transaction.event.TransactionalEventListener;
import org.springframework.transaction.support.TransactionTemplate;

/** What {@code docs/writing-events.md} shows for Spring Boot, in applications with all of it. */
@WithLocalStack
class SpringSnippetsTest {

  private TestDatabase database;
  private ApplicationContextRunner application;

  record OrderPlaced(String orderId) {}

  record Invoiced(String number) {}

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class Application {}

  @BeforeEach
  void prepare(PostgresServer server) {
    database = TestDatabase.empty(server);
    application =
        new ApplicationContextRunner()
            .withUserConfiguration(Application.class)
            // The application makes its tables, so it connects as their owner.
            .withPropertyValues(database.springProperties(database.roles().owner()))
            .withPropertyValues(
                "spring.datasource.hikari.maximum-pool-size=3",
                "spring.flyway.enabled=false",
                "spring.jpa.hibernate.ddl-auto=none");
  }

  @Test
  void aServiceAppendsInItsTransaction() {
    application
        .withBean(OrderRepository.class, () -> order -> {})
        .withBean(Orders.class)
        .run(
            context -> {
              context.getBean(Orders.class).place(new Order("42", 1999));

              assertThat(rows("select type, convert_from(payload, 'UTF8') from outbox_event"))
                  .containsExactly("OrderPlaced|{\"id\":\"42\",\"cents\":1999}");
            });
  }

  @Configuration(proxyBeanMethods = false)
  static class DomainEvents {
    @Bean
    OutboxMapping<OrderPlaced> orderPlaced(EventSerializer<Object> json) {
      return OutboxMapping.of(
          OrderPlaced.class,
          placed -> OutboxEvent.of("Order", placed.orderId(), "OrderPlaced", placed, json));
    }
  }

  static class BeforeCommit {

    private final OutboxWriter outbox;
    private final EventSerializer<Object> json;

    BeforeCommit(OutboxWriter outbox, EventSerializer<Object> json) {
      this.outbox = outbox;
      this.json = json;
    }

    @TransactionalEventListener(phase = TransactionPhase.BEFORE_COMMIT)
    void onInvoiced(Invoiced invoiced) {
      outbox.append(OutboxEvent.of("Invoice", invoiced.number(), "Invoiced", invoiced, json));
    }
  }

  @Test
  void domainEventsAreAppendedAtOnceOrBeforeTheCommit() {
    application
        .withUserConfiguration(DomainEvents.class)
        .withBean(BeforeCommit.class)
        .run(
            context -> {
              inTransaction(
                  context,
                  () -> {
                    context.publishEvent(new Invoiced("7"));
                    context.publishEvent(new OrderPlaced("42"));
                  });

              assertThat(rows("select type from outbox_event order by seq"))
                  .containsExactly("OrderPlaced", "Invoiced");
            });
  }

  @Test
  void theOtherWayKeepsWhatASavepointHasUndoneAndIsSilentWithoutATransaction() {
    application
        .withBean(BeforeCommit.class)
        // JPA's transactions have no savepoints.
        .withPropertyValues(
            "spring.autoconfigure.exclude="
                + "org.springframework.boot.hibernate.autoconfigure.HibernateJpaAutoConfiguration")
        .run(
            context -> {
              context.publishEvent(new Invoiced("silent"));
              context
                  .getBean(TransactionTemplate.class)
                  .executeWithoutResult(
                      status -> {
                        Object savepoint = status.createSavepoint();
                        context.publishEvent(new Invoiced("undone"));
                        status.rollbackToSavepoint(savepoint);
                      });

              assertThat(rows("select aggregateid from outbox_event")).containsExactly("undone");
            });
  }

  @Configuration(proxyBeanMethods = false)
  static class Tenants {
    @Bean
    TenantTables tenantTables() {
      return new TenantTables() {
        @Override
        public OutboxTable currentTable() {
          return OutboxTable.DEFAULT.inSchema(currentTenant());
        }

        @Override
        public Collection<OutboxTable> tablesAtStart() {
          return List.of(
              OutboxTable.DEFAULT.inSchema("acme"), OutboxTable.DEFAULT.inSchema("globex"));
        }
      };
    }

    private static String currentTenant() {
      return "globex";
    }
  }

  @Test
  void tenantsHaveTablesOfTheirOwn() {
    application
        .withUserConfiguration(Tenants.class)
        .run(
            context -> {
              OutboxWriter outbox = context.getBean(OutboxWriter.class);
              inTransaction(
                  context, () -> outbox.append(OutboxEvent.of("Order", "42", "Placed", "{}")));

              assertThat(rows("select type from globex.outbox_event")).containsExactly("Placed");
              assertThat(rows("select type from acme.outbox_event")).isEmpty();
            });
  }

  @Configuration(proxyBeanMethods = false)
  static class Audit {
    @Bean(defaultCandidate = false)
    @Qualifier("audit") OutboxWriter auditOutbox(SpringOutboxes outboxes) {
      return outboxes.writer(OutboxTable.named("audit_event"));
    }
  }

  record Auditing(OutboxWriter outbox, @Qualifier("audit") OutboxWriter audit) {}

  @Test
  void aFurtherOutboxIsInjectedByItsQualifier() {
    application
        .withUserConfiguration(Audit.class)
        .withBean(Auditing.class)
        .run(
            context -> {
              OutboxWriter audit = context.getBean(Auditing.class).audit();
              inTransaction(
                  context, () -> audit.append(OutboxEvent.of("Order", "42", "Read", "{}")));

              assertThat(rows("select type from audit_event")).containsExactly("Read");
              assertThat(rows("select type from outbox_event")).isEmpty();
            });
  }

  @Configuration(proxyBeanMethods = false)
  static class TwoDataSources {
    @Bean
    OutboxWriter ordersOutbox(@Qualifier("orders") DataSource orders) {
      return new SpringTransactionOutboxWriter(JdbcOutbox.withTable("outbox_event"), orders);
    }
  }

  @Test
  void withTwoDataSourcesAWriterIsBoundToEach() {
    DataSource orders = database.dataSource();
    database.migrate(OutboxTable.DEFAULT);
    new ApplicationContextRunner()
        .withBean("orders", DataSource.class, () -> orders)
        .withBean("stock", DataSource.class, database::dataSource)
        .withUserConfiguration(TwoDataSources.class)
        .run(
            context -> {
              OutboxWriter outbox = context.getBean(OutboxWriter.class);
              new TransactionTemplate(new JdbcTransactionManager(orders))
                  .executeWithoutResult(
                      status -> outbox.append(OutboxEvent.of("Order", "42", "Placed", "{}")));

              assertThat(rows("select type from outbox_event")).containsExactly("Placed");
            });
  }

  private static void inTransaction(ApplicationContext context, Runnable work) {
    context.getBean(TransactionTemplate.class).executeWithoutResult(status -> work.run());
  }

  private List<String> rows(String sql) throws SQLException {
    return database.rows(sql);
  }
}
