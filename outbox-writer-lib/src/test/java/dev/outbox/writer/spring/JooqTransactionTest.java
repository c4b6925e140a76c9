package dev.outbox.writer.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.NoTransactionException;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.TestDatabase;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.impl.DSL;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@WithLocalStack
class JooqTransactionTest {

  private static final OutboxEvent PLACED = OutboxEvent.of("Order", "42", "OrderPlaced", "{}");

  private final JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");
  private TestDatabase database;
  private DataSource dataSource;

  @BeforeEach
  void prepare(PostgresServer server) throws SQLException {
    database = TestDatabase.withOutbox(server);
    database.execute("create table purchase (id int)");
    dataSource = database.dataSource();
  }

  @Test
  void inASpringTransactionJooqAndTheWriterShareTheTransaction() throws SQLException {
    OutboxWriter writer = new SpringTransactionOutboxWriter(outbox, dataSource);
    DSLContext jooq =
        DSL.using(new TransactionAwareDataSourceProxy(dataSource), SQLDialect.POSTGRES);

    new TransactionTemplate(new JdbcTransactionManager(dataSource))
        .executeWithoutResult(
            status -> {
              jooq.execute("insert into purchase values (1)");
              writer.append(PLACED);
            });

    assertThat(rowsOfOneTransaction()).isEqualTo(1);
  }

  @Test
  void inATransactionOfJooqsOwnTheJdbcWriterTakesItsConnection() throws SQLException {
    DSLContext jooq = DSL.using(dataSource, SQLDialect.POSTGRES);

    jooq.transaction(
        configuration -> {
          configuration.dsl().execute("insert into purchase values (1)");
          configuration.dsl().connection(connection -> outbox.writer(connection).append(PLACED));
        });

    assertThat(rowsOfOneTransaction()).isEqualTo(1);
  }

  @Test
  void outsideJooqsTransactionTheJdbcWriterRefuses() throws SQLException {
    DSLContext jooq = DSL.using(dataSource, SQLDialect.POSTGRES);

    assertThatThrownBy(
            () -> jooq.connection(connection -> outbox.writer(connection).append(PLACED)))
        .isInstanceOf(NoTransactionException.class);

    assertThat(database.rows("select 1 from outbox_event")).isEmpty();
  }

  private int rowsOfOneTransaction() throws SQLException {
    return database.rows("select 1 from purchase p, outbox_event e where p.xmin = e.xmin").size();
  }
}
