package dev.outbox.writer.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.NoTransactionException;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.ReadOnlyTransactionException;
import dev.outbox.writer.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

@WithLocalStack
class SpringTransactionTest {

  private static final OutboxEvent PLACED = OutboxEvent.of("Order", "42", "OrderPlaced", "{}");

  private TestDatabase database;
  private HikariDataSource pool;
  private OutboxWriter writer;
  private TransactionTemplate transaction;

  @BeforeEach
  void prepare(PostgresServer server) throws SQLException {
    database = TestDatabase.withOutbox(server);
    database.execute("create table purchase (id int)");
    pool = pool();
    writer = new SpringTransactionOutboxWriter(JdbcOutbox.withTable("outbox_event"), pool);
    transaction = new TransactionTemplate(new JdbcTransactionManager(pool));
  }

  private HikariDataSource pool() {
    HikariDataSource made = new HikariDataSource();
    made.setDataSource(database.dataSource());
    made.setMaximumPoolSize(3);
    return made;
  }

  @AfterEach
  void closePool() {
    pool.close();
  }

  @Test
  void anEventIsCommittedWithTheBusinessChange() throws SQLException {
    transaction.executeWithoutResult(
        status -> {
          new JdbcTemplate(pool).update("insert into purchase values (1)");
          writer.append(PLACED);
        });

    assertThat(purchases()).isEqualTo(1);
    assertThat(events()).isEqualTo(1);
    // One transaction, as PostgreSQL sees it.
    assertThat(database.rows("select 1 from purchase p, outbox_event e where p.xmin = e.xmin"))
        .hasSize(1);
  }

  @Test
  void anEventIsRolledBackWithTheBusinessChange() throws SQLException {
    transaction.executeWithoutResult(
        status -> {
          new JdbcTemplate(pool).update("insert into purchase values (1)");
          writer.append(PLACED);
          status.setRollbackOnly();
        });

    assertThat(purchases()).isZero();
    assertThat(events()).isZero();
  }

  @Test
  void outsideATransactionAnEventIsRefusedAndNothingIsWritten() throws SQLException {
    assertThatThrownBy(() -> writer.append(PLACED))
        .isInstanceOf(NoTransactionException.class)
        .hasMessage(
            "Cannot append to the outbox table outbox_event: no Spring transaction is active on"
                + " this thread. Call it from a @Transactional method or a TransactionTemplate"
                + " whose transaction manager uses this DataSource, on the thread that began the"
                + " transaction.");

    assertThat(events()).isZero();
  }

  @Test
  void aPoolThatDefaultsToManualCommitIsNoSubstituteForATransaction() throws SQLException {
    pool.close();
    pool = pool();
    pool.setAutoCommit(false);
    OutboxWriter ofThisPool =
        new SpringTransactionOutboxWriter(JdbcOutbox.withTable("outbox_event"), pool);

    assertThatThrownBy(() -> ofThisPool.append(PLACED)).isInstanceOf(NoTransactionException.class);
  }

  @Test
  void aTransactionWithoutOneOfItsOwnDoesNotCount() {
    transaction.setPropagationBehavior(TransactionDefinition.PROPAGATION_SUPPORTS);

    transaction.executeWithoutResult(
        status ->
            assertThatThrownBy(() -> writer.append(PLACED))
                .isInstanceOf(NoTransactionException.class));
  }

  @Test
  void theTransactionOfAnotherDataSourceDoesNotCount() throws SQLException {
    TransactionTemplate other =
        new TransactionTemplate(new DataSourceTransactionManager(database.dataSource()));

    other.executeWithoutResult(
        status ->
            assertThatThrownBy(() -> writer.append(PLACED))
                .isInstanceOf(NoTransactionException.class)
                .hasMessageContaining(
                    "the active Spring transaction does not manage the outbox's DataSource"));

    assertThat(events()).isZero();
  }

  @Test
  void inTheTransactionOfAnotherDataSourceAConnectionBorrowedForItsDurationDoesNotCount()
      throws SQLException {
    TransactionTemplate other =
        new TransactionTemplate(new DataSourceTransactionManager(database.dataSource()));

    other.executeWithoutResult(
        status -> {
          new JdbcTemplate(pool).queryForObject("select 1", Integer.class);
          assertThatThrownBy(() -> writer.append(PLACED))
              .isInstanceOf(NoTransactionException.class);
        });

    assertThat(events()).isZero();
  }

  @Test
  void anotherThreadIsOutsideTheTransaction() {
    transaction.executeWithoutResult(
        status ->
            assertThat(CompletableFuture.supplyAsync(() -> writer.append(PLACED)))
                .completesExceptionallyWithin(Duration.ofSeconds(10))
                .withThrowableThat()
                .withCauseInstanceOf(NoTransactionException.class));
  }

  @Test
  void aReadOnlyTransactionIsRefusedWithTheRemedy() {
    transaction.setReadOnly(true);

    transaction.executeWithoutResult(
        status ->
            assertThatThrownBy(() -> writer.append(PLACED))
                .isInstanceOf(ReadOnlyTransactionException.class)
                .hasMessageContaining("Remove readOnly = true from the outermost @Transactional"));
  }

  @Test
  void anEventOfARequiresNewTransactionStaysWhenTheOuterOneRollsBack() throws SQLException {
    TransactionTemplate inner = new TransactionTemplate(new JdbcTransactionManager(pool));
    inner.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);

    transaction.executeWithoutResult(
        status -> {
          writer.append(PLACED);
          inner.executeWithoutResult(
              ignored -> writer.append(OutboxEvent.of("Audit", "7", "Attempted", "{}")));
          status.setRollbackOnly();
        });

    assertThat(database.rows("select type from outbox_event")).containsExactly("Attempted");
  }

  @Test
  void aDuplicateLeavesTheTransactionUsable() throws SQLException {
    transaction.executeWithoutResult(status -> writer.append(PLACED));

    transaction.executeWithoutResult(
        status -> {
          assertThat(writer.append(PLACED).duplicate()).isTrue();
          new JdbcTemplate(pool).update("insert into purchase values (1)");
        });

    assertThat(purchases()).isEqualTo(1);
    assertThat(events()).isEqualTo(1);
  }

  @Test
  void appendingReturnsEveryConnectionToThePool() {
    for (int i = 0; i < 20; i++) {
      transaction.executeWithoutResult(
          status -> writer.append(OutboxEvent.tombstone("Order", "42", "OrderErased")));
      assertThatThrownBy(() -> writer.append(PLACED)).isInstanceOf(NoTransactionException.class);
    }

    assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
  }

  @Test
  void aTransactionAwareProxyAroundTheDataSourceIsSeenThrough() throws SQLException {
    OutboxWriter behindProxy =
        new SpringTransactionOutboxWriter(
            JdbcOutbox.withTable("outbox_event"), new TransactionAwareDataSourceProxy(pool));

    transaction.executeWithoutResult(status -> behindProxy.append(PLACED));

    assertThat(events()).isEqualTo(1);
  }

  @Test
  void plainJdbcOnTheTransactionsConnectionWorksSideBySide() throws SQLException {
    JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");

    transaction.executeWithoutResult(
        status -> {
          writer.append(PLACED);
          new JdbcTemplate(pool)
              .execute(
                  (ConnectionCallback<Boolean>)
                      connection ->
                          outbox
                              .writer(connection)
                              .append(OutboxEvent.of("Order", "42", "OrderPaid", "{}"))
                              .appended());
          status.setRollbackOnly();
        });

    assertThat(events()).isZero();
  }

  @Test
  void transactionalMethodsCarryTheEventAndCallsPastThemAreRefused() throws SQLException {
    try (var context = new AnnotationConfigApplicationContext()) {
      context.registerBean(DataSource.class, () -> pool);
      context.registerBean(OutboxWriter.class, () -> writer);
      context.register(Transactions.class, Orders.class);
      context.refresh();
      Orders orders = context.getBean(Orders.class);

      orders.place();
      assertThatThrownBy(orders::placeAndFail).hasMessage("no stock");
      assertThatThrownBy(orders::placeWithoutTransaction)
          .isInstanceOf(NoTransactionException.class);
      orders.audit();

      assertThat(database.rows("select type from outbox_event order by seq"))
          .isEqualTo(List.of("Placed", "Audited"));
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableTransactionManagement(proxyTargetClass = true)
  static class Transactions {
    @Bean
    PlatformTransactionManager transactionManager(DataSource dataSource) {
      return new JdbcTransactionManager(dataSource);
    }
  }

  static class Orders {

    private final OutboxWriter outbox;

    Orders(OutboxWriter outbox) {
      this.outbox = outbox;
    }

    @Transactional
    public void place() {
      outbox.append(OutboxEvent.of("Order", "42", "Placed", "{}"));
    }

    @Transactional
    public void placeAndFail() {
      place();
      throw new IllegalStateException("no stock");
    }

    public void placeWithoutTransaction() {
      place();
    }

    @Transactional(propagation = Propagation.REQUIRES_NEW)
    public void audit() {
      outbox.append(OutboxEvent.of("Order", "42", "Audited", "{}"));
    }
  }

  private long purchases() throws SQLException {
    return database.rows("select 1 from purchase").size();
  }

  private long events() throws SQLException {
    return database.rows("select 1 from outbox_event").size();
  }
}
