package dev.outbox.writer.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.NoTransactionException;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.TestDatabase;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.Id;
import java.sql.SQLException;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.orm.jpa.SharedEntityManagerCreator;
import org.springframework.orm.jpa.vendor.HibernateJpaVendorAdapter;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

@WithLocalStack
class JpaTransactionTest {

  private TestDatabase database;
  private DataSource dataSource;
  private OutboxWriter writer;

  @BeforeEach
  void prepare(PostgresServer server) throws SQLException {
    database = TestDatabase.withOutbox(server);
    database.execute("create table purchase (id bigint primary key)");
    dataSource = database.dataSource();
    writer = new SpringTransactionOutboxWriter(JdbcOutbox.withTable("outbox_event"), dataSource);
  }

  @Test
  void anEventIsCommittedInTheTransactionOfTheEntityManager() throws SQLException {
    placeInJpaTransaction(status -> {});

    assertThat(database.rows("select 1 from purchase p, outbox_event e where p.xmin = e.xmin"))
        .hasSize(1);
  }

  @Test
  void anEventIsRolledBackWithTheEntities() throws SQLException {
    placeInJpaTransaction(TransactionStatus::setRollbackOnly);

    assertThat(database.rows("select 1 from purchase")).isEmpty();
    assertThat(database.rows("select 1 from outbox_event")).isEmpty();
  }

  @Test
  void afterTheCommitAnAppendIsRefused() throws SQLException {
    OutboxEvent behind = OutboxEvent.of("Order", "42", "Behind", "{}");

    assertThatExceptionOfType(NoTransactionException.class)
        .isThrownBy(
            () ->
                placeInJpaTransaction(
                    status ->
                        TransactionSynchronizationManager.registerSynchronization(
                            new TransactionSynchronization() {
                              @Override
                              public void afterCommit() {
                                writer.append(behind);
                              }
                            })));

    assertThat(database.rows("select type from outbox_event")).containsExactly("OrderPlaced");
  }

  private void placeInJpaTransaction(Consumer<TransactionStatus> end) {
    try (var context = new AnnotationConfigApplicationContext()) {
      context.registerBean(
          LocalContainerEntityManagerFactoryBean.class, () -> entityManagerFactory(dataSource));
      context.refresh();
      EntityManagerFactory factory = context.getBean(EntityManagerFactory.class);
      EntityManager entities = SharedEntityManagerCreator.createSharedEntityManager(factory);

      new TransactionTemplate(new JpaTransactionManager(factory))
          .executeWithoutResult(
              status -> {
                entities.persist(new Purchase(42));
                writer.append(OutboxEvent.of("Order", "42", "OrderPlaced", "{}"));
                end.accept(status);
              });
    }
  }

  private static LocalContainerEntityManagerFactoryBean entityManagerFactory(
      DataSource dataSource) {
    LocalContainerEntityManagerFactoryBean factory = new LocalContainerEntityManagerFactoryBean();
    factory.setDataSource(dataSource);
    factory.setJpaVendorAdapter(new HibernateJpaVendorAdapter());
    factory.setPackagesToScan("dev.outbox.writer.spring");
    return factory;
  }

  @Entity(name = "purchase")
  static class Purchase {

    @Id private long id;

    Purchase() {}

    Purchase(long id) {
      this.id = id;
    }

    long id() {
      return id;
    }
  }
}
