package dev.outbox.writer.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariDataSource;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.NoTransactionException;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.TestDatabase;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Spring's callbacks after a commit still see the transaction as active, and its connection, on
 * which whatever is done is then committed, or lost, on its own.
 */
@WithLocalStack
class AfterCommitTest {

  private static TestDatabase database;
  private HikariDataSource pool;
  private OutboxWriter writer;
  private JdbcTransactionManager manager;

  @BeforeAll
  static void createDatabase(PostgresServer server) {
    database = TestDatabase.withOutbox(server);
  }

  @BeforeEach
  void prepare() throws SQLException {
    database.execute("truncate outbox_event");
    pool = new HikariDataSource();
    pool.setDataSource(database.dataSource());
    pool.setMaximumPoolSize(3);
    manager = new JdbcTransactionManager(pool);
    writer = new SpringTransactionOutboxWriter(JdbcOutbox.withTable("outbox_event"), pool);
  }

  @AfterEach
  void closePool() {
    pool.close();
  }

  @Test
  void behindTheCommitOfAnAppendAFurtherOneIsRefused() throws SQLException {
    assertThatExceptionOfType(NoTransactionException.class)
        .isThrownBy(
            () ->
                inTransaction(
                    () -> {
                      writer.append(event("Inside"));
                      afterCommit(() -> writer.append(event("Behind")));
                    }))
        .withMessageContaining("the Spring transaction is over");

    assertThat(database.rows("select type from outbox_event")).containsExactly("Inside");
  }

  @Test
  void whereTransactionsAreWatchedFromTheirBeginTheFirstAppendIsRefusedToo() throws SQLException {
    manager.addListener(new TransactionWatch());

    assertThatExceptionOfType(NoTransactionException.class)
        .isThrownBy(() -> inTransaction(() -> afterCommit(() -> writer.append(event("Behind")))))
        .withMessageContaining("the Spring transaction is over");

    assertThat(database.rows("select type from outbox_event")).isEmpty();
  }

  @Test
  void whereTheyAreNotItIsRolledBack() throws SQLException {
    database.execute("create table purchase (id int)");
    inTransaction(
        () -> {
          new JdbcTemplate(pool).update("insert into purchase values (1)");
          afterCommit(() -> writer.append(event("Behind")));
        });

    assertThat(database.rows("select type from outbox_event")).isEmpty();
    assertThat(database.rows("select id from purchase")).containsExactly("1");
  }

  @Test
  void afterCompletionAnAppendIsRefused() throws SQLException {
    // Spring swallows what such a callback throws.
    AtomicReference<Throwable> refused = new AtomicReference<>();

    inTransaction(
        () ->
            TransactionSynchronizationManager.registerSynchronization(
                new TransactionSynchronization() {
                  @Override
                  public void afterCompletion(int status) {
                    refused.set(catchThrowable(() -> writer.append(event("Behind"))));
                  }
                }));

    assertThat(refused.get())
        .isInstanceOf(NoTransactionException.class)
        .hasMessageContaining("the Spring transaction is over");
    assertThat(database.rows("select type from outbox_event")).isEmpty();
  }

  @Test
  void beforeTheCommitAndInATransactionOfItsOwnBehindItAnEventIsAppended() throws SQLException {
    manager.addListener(new TransactionWatch());
    TransactionTemplate own = new TransactionTemplate(manager);
    own.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);

    inTransaction(
        () ->
            TransactionSynchronizationManager.registerSynchronization(
                new TransactionSynchronization() {
                  @Override
                  public void beforeCommit(boolean readOnly) {
                    writer.append(event("BeforeCommit"));
                  }

                  @Override
                  public void beforeCompletion() {
                    writer.append(event("BeforeCompletion"));
                  }

                  @Override
                  public void afterCommit() {
                    own.executeWithoutResult(status -> writer.append(event("Own")));
                  }
                }));

    assertThat(database.rows("select type from outbox_event order by seq"))
        .containsExactly("BeforeCommit", "BeforeCompletion", "Own");
  }

  @Test
  void withoutAWatchAnAppendBeforeTheCommitStaysToo() throws SQLException {
    inTransaction(
        () ->
            TransactionSynchronizationManager.registerSynchronization(
                new TransactionSynchronization() {
                  @Override
                  public void beforeCompletion() {
                    writer.append(event("BeforeCompletion"));
                  }
                }));

    assertThat(database.rows("select type from outbox_event")).containsExactly("BeforeCompletion");
  }

  private void inTransaction(Runnable work) {
    new TransactionTemplate(manager).executeWithoutResult(status -> work.run());
  }

  /** Ordered, and so before callbacks without an order. */
  private static void afterCommit(Runnable work) {
    TransactionSynchronizationManager.registerSynchronization(
        new TransactionSynchronization() {
          @Override
          public int getOrder() {
            return 0;
          }

          @Override
          public void afterCommit() {
            work.run();
          }
        });
  }

  private static OutboxEvent event(String type) {
    return OutboxEvent.of("Order", "42", type, "{}");
  }
}
