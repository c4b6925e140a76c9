package dev.outbox.relay.migration;

import dev.outbox.idempotency.inbox.InboxRunner;
import dev.outbox.idempotency.inbox.InboxRunnerBuilder;
import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.idempotency.inbox.ReceivedEvent;
import dev.outbox.local.PostgresServer;
import dev.outbox.relay.support.OutboxDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.postgresql.ds.PGSimpleDataSource;

/** A consumer with an inbox, in a database of its own, that writes down what it has applied. */
final class AppliedEvents implements AutoCloseable {

  private final OutboxDatabase database;
  private final InboxRunner runner;

  private AppliedEvents(OutboxDatabase database, InboxRunner runner) {
    this.database = database;
    this.runner = runner;
  }

  static AppliedEvents of(
      InboxRunnerBuilder consumer, PostgresServer server, String bootstrapServers, String topic) {
    OutboxDatabase database = OutboxDatabase.createEmpty(server);
    database.execute(
        "create table applied (number bigint generated always as identity, key text, id text)");
    PGSimpleDataSource dataSource = dataSource(database);
    InboxSchema.migrate(dataSource);
    InboxRunner runner =
        consumer
            .topics(topic)
            .kafka(Map.of("bootstrap.servers", bootstrapServers))
            .dataSource(dataSource)
            .handler(AppliedEvents::apply)
            .build();
    runner.start();
    return new AppliedEvents(database, runner);
  }

  static PGSimpleDataSource dataSource(OutboxDatabase database) {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(database.url());
    dataSource.setUser(database.server().username());
    dataSource.setPassword(database.server().password());
    return dataSource;
  }

  private static void apply(Connection connection, ReceivedEvent event) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("insert into applied (key, id) values (?, ?)")) {
      statement.setString(1, event.key().orElseThrow());
      statement.setString(2, event.id());
      statement.executeUpdate();
    }
  }

  /** How many records have been dealt with, and why there are no more. */
  long received() {
    runner
        .failure()
        .ifPresent(
            cause -> {
              throw new AssertionError("The consumer failed", cause);
            });
    return runner.counts().received();
  }

  /** Record keys of all effects, in their order. */
  List<String> keys() {
    return database.queryAll("select key from applied order by number");
  }

  @Override
  public void close() {
    runner.stop();
    database.close();
  }
}
