package dev.outbox.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.idempotency.http.IdempotencySchema;
import dev.outbox.idempotency.inbox.EventKey;
import dev.outbox.idempotency.inbox.Inbox;
import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.idempotency.jobs.JobSchema;
import dev.outbox.idempotency.token.TokenSchema;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxSchema;
import dev.outbox.writer.OutboxTable;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** What {@code docs/upgrading.md} says of libraries that meet tables of a newer version. */
@WithLocalStack
class OlderLibraryTest {

  private final PGSimpleDataSource dataSource = new PGSimpleDataSource();

  @BeforeEach
  void createDatabase(PostgresServer server) {
    dataSource.setUrl(server.jdbcUrl(server.createDatabase("older")));
    dataSource.setUser(server.username());
    dataSource.setPassword(server.password());
  }

  @Test
  void aLibraryOlderThanItsTablesStartsAndWorks() throws SQLException {
    // Given tables that a newer version has migrated further
    migrate();
    List<String> histories = histories();
    assertThat(histories).hasSizeGreaterThan(1);
    for (String history : histories) {
      execute(
          ("insert into %s (installed_rank, version, description, type, script, checksum,"
                  + " installed_by, execution_time, success)"
                  + " values (99, '99', 'newer', 'SQL', 'V99__newer.sql', 1, 'newer', 1, true)")
              .formatted(history));
    }
    execute("alter table outbox_event add column newer text");
    execute("alter table inbox_event add column newer text default 'x'");
    // When this version starts
    migrate();
    OutboxSchema.of(OutboxTable.DEFAULT).check(dataSource);
    // Then it writes and recognises as before
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      JdbcOutbox.withTable("outbox_event")
          .writer(connection)
          .append(OutboxEvent.of("Order", "42", "OrderPlaced", "{}"));
      EventKey key = new EventKey("shop", "1");
      Inbox inbox = Inbox.forConsumer("shipping");
      assertThat(inbox.process(connection, key, () -> {})).isTrue();
      assertThat(inbox.process(connection, key, () -> {})).isFalse();
      connection.commit();
    }
  }

  private void migrate() {
    OutboxSchema.of(OutboxTable.DEFAULT).migrate(dataSource);
    InboxSchema.migrate(dataSource);
    JobSchema.migrate(dataSource);
    TokenSchema.migrate(dataSource);
    IdempotencySchema.migrate(dataSource);
  }

  private List<String> histories() throws SQLException {
    List<String> names = new ArrayList<>();
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement();
        ResultSet found =
            statement.executeQuery(
                "select tablename from pg_tables where tablename like '%schema\\_history'")) {
      while (found.next()) {
        names.add(found.getString(1));
      }
    }
    return names;
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
