package dev.outbox.local.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.LocalPostgres;
import dev.outbox.local.demo.DemoDatabase.Effect;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DemoDatabaseTest {

  private static final String EVENT = "0197a000-0000-7000-8000-000000000001";

  @Test
  void itOutlivesARestartOfTheServer() throws Exception {
    try (LocalPostgres postgres =
            LocalPostgres.builder().setting("track_commit_timestamp", "on").start();
        DemoDatabase database = DemoDatabase.create(postgres)) {
      // Given an order with its effect
      execute(
          postgres,
          "create table stock_ledger (order_id text, product_id text, change int, kind text)");
      execute(postgres, "create table effect (consumer text, event_id uuid, aggregate_id text)");
      execute(postgres, "insert into stock_ledger values ('42', 'tea', -1, 'SOLD')");
      execute(postgres, "insert into effect values ('stock', '%s', '42')".formatted(EVENT));
      assertThat(database.effect(EVENT)).map(Effect::bookings).hasValue(1);
      // When somebody looks while the server is away
      postgres.stop();
      CompletableFuture<Optional<Effect>> looking =
          CompletableFuture.supplyAsync(() -> database.awaitEffect(EVENT, Duration.ZERO));
      postgres.start();
      // Then
      assertThat(looking.get(60, TimeUnit.SECONDS)).map(Effect::product).hasValue("tea");
      // And a wrong question is no outage
      execute(postgres, "drop table stock_ledger");
      assertThatThrownBy(() -> database.effect(EVENT))
          .isInstanceOf(DemoException.class)
          .hasMessageContaining("stock_ledger");
    }
  }

  private static void execute(LocalPostgres postgres, String sql) throws SQLException {
    try (Connection connection = postgres.connect(DemoDatabase.NAME);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
