package dev.outbox.relay.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

@WithLocalStack
class ShardTest {

  private static final List<Shard> SEVEN =
      IntStream.rangeClosed(1, 7).mapToObj(index -> new Shard(index, 7)).toList();

  @Test
  void everyAggregateIsInOneShardAndPostgresSaysTheSame(PostgresServer postgres) throws Exception {
    List<@Nullable String> ids =
        Stream.concat(
                Stream.of(
                    null, "", " ", "42", "Bestellung Nr. 7 über 5 €", "注文", "😀", "a'b\\c\"d"),
                Stream.generate(() -> UUID.randomUUID().toString()).limit(500))
            .toList();
    try (Connection connection = postgres.connect(postgres.createDatabase("shard"))) {
      for (Shard shard : SEVEN) {
        try (PreparedStatement statement =
            connection.prepareStatement(
                "select %s from (select cast(? as text) as id) row"
                    .formatted(shard.condition("id")))) {
          for (@Nullable String id : ids) {
            statement.setString(1, id);
            try (ResultSet row = statement.executeQuery()) {
              assertThat(row.next()).isTrue();
              assertThat(row.getBoolean(1)).as("%s in %s", id, shard).isEqualTo(shard.owns(id));
            }
          }
        }
      }
    }
    for (@Nullable String id : ids) {
      assertThat(SEVEN.stream().filter(shard -> shard.owns(id))).as(id).hasSize(1);
    }
  }

  /** What is in the logs of running systems must not move to another shard. */
  @Test
  void theHashIsPinned() {
    assertThat(Stream.of("1", "42", "order-4711", "über").map(ShardTest::ofThirtyTwo))
        .containsExactly(5, 2, 25, 7);
  }

  private static int ofThirtyTwo(String id) {
    return IntStream.rangeClosed(1, 32)
        .filter(index -> new Shard(index, 32).owns(id))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aNameTellsTheShard() {
    Shard shard = new Shard(2, 4);
    assertThat(shard.nameOf("orders")).isEqualTo("orders-2of4");
    assertThat(Shard.of("orders-2of4", 4)).isEqualTo(shard);
    assertThat(Shard.of("orders", 4)).isEqualTo(Shard.WHOLE);
    assertThat(Shard.of("orders-2of4", 1)).isEqualTo(Shard.WHOLE);
    assertThat(shard.relayOf("orders-2of4")).isEqualTo("orders");
    assertThat(shard.identifierOf("outbox_relay")).isEqualTo("outbox_relay_2of4");
  }
}
