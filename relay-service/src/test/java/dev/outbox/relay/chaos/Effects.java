package dev.outbox.relay.chaos;

import dev.outbox.idempotency.inbox.InboxRunner;
import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.idempotency.inbox.ReceivedEvent;
import dev.outbox.local.PostgresServer;
import dev.outbox.relay.support.OutboxDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A consumer with an inbox, whose database tells how often and in which order events took effect.
 */
final class Effects implements AutoCloseable {

  private final OutboxDatabase database;
  private final InboxRunner runner;

  Effects(PostgresServer server, String bootstrapServers, List<String> topics) {
    database = OutboxDatabase.createEmpty(server);
    // A double effect must be seen, not refused.
    database.createServiceTable("effect", "event_id text primary key, times int not null");
    database.createServiceTable(
        "aggregate_effect",
        "aggregate text primary key, number bigint not null, out_of_order bigint not null");
    InboxSchema.migrate(database.dataSource(database.roles().owner()));
    database.roles().grant();
    runner =
        InboxRunner.builder()
            .consumer("effects-" + database.slot())
            .topics(topics.toArray(String[]::new))
            .kafka(Map.of("bootstrap.servers", bootstrapServers))
            .dataSource(database.dataSource(database.roles().service()))
            .handler(Effects::apply)
            .retryWait(Duration.ofMillis(200), Duration.ofSeconds(2))
            .build();
  }

  void start() {
    runner.start();
  }

  private static void apply(Connection connection, ReceivedEvent event) throws SQLException {
    try (PreparedStatement effect =
            connection.prepareStatement(
                """
                insert into effect values (?, 1)
                on conflict (event_id) do update set times = effect.times + 1
                """);
        PreparedStatement order =
            connection.prepareStatement(
                """
                insert into aggregate_effect as before values (?, ?, 0)
                on conflict (aggregate) do update set number = excluded.number,
                  out_of_order = before.out_of_order
                    + case when excluded.number = before.number + 1 then 0 else 1 end
                """)) {
      effect.setString(1, event.id());
      effect.executeUpdate();
      order.setString(1, event.key().orElseThrow());
      order.setLong(2, TopicWatch.number(event.payload().orElseThrow()));
      order.executeUpdate();
    }
  }

  /** Events that took effect. */
  long events() {
    return count("select count(*) from effect");
  }

  /** Events that took effect more than once. */
  long repeated() {
    return count("select count(*) from effect where times > 1");
  }

  /** Effects that did not follow the one before of their aggregate. */
  long outOfOrder() {
    return count("select coalesce(sum(out_of_order), 0) from aggregate_effect");
  }

  private long count(String sql) {
    return Long.parseLong(String.valueOf(database.query(sql)));
  }

  /** Fails when the consumer has. */
  void check() {
    runner
        .failure()
        .ifPresent(
            failure -> {
              throw new IllegalStateException("The inbox runner has failed", failure);
            });
  }

  @Override
  public void close() {
    runner.close();
  }
}
