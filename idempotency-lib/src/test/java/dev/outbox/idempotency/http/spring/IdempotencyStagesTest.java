package dev.outbox.idempotency.http.spring;

import static dev.outbox.idempotency.http.spring.Shop.isReplayed;
import static dev.outbox.idempotency.http.spring.Shop.newKey;
import static dev.outbox.idempotency.http.spring.Shop.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The way of an API that is live already to required keys, stage by stage. */
@WithLocalStack
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class IdempotencyStagesTest {

  private final TestDatabase database;
  private final Shop shop;
  private final String key = newKey();

  IdempotencyStagesTest(PostgresServer postgres) throws SQLException {
    database = Shop.database(postgres);
    shop = Shop.over(database);
  }

  @BeforeEach
  void empty() throws SQLException {
    database.execute("truncate customer_order, outbox_event, idempotency_key");
  }

  @AfterAll
  void close() {
    shop.close();
  }

  @Test
  void observeChangesNothingForAnyClientAndCountsWhatWouldHappen() throws SQLException {
    // When
    List<HttpResponse<byte[]>> responses =
        List.of(
            shop.post("/observed", key, "milk"),
            shop.post("/observed", key, "milk"),
            shop.post("/observed", key, "bread"),
            shop.post("/observed", "milk", "X-User", "alice"),
            shop.post("/observed", "milk", "X-User", "alice", "Idempotency-Key", "\"\""),
            shop.post("/observed", "milk", "Idempotency-Key", key),
            shop.post("/observed", newKey(), "m".repeat(5000)),
            shop.post("/observed", "--b--", "Content-Type", "multipart/mixed", "X-User", "alice"));

    // Then
    assertThat(responses).noneMatch(Shop::isReplayed);
    assertThat(responses.subList(0, 7))
        .allMatch(response -> response.statusCode() == 200)
        .allMatch(response -> text(response).startsWith("order "))
        .allMatch(response -> response.headers().firstValue("Idempotency-Expires").isEmpty());
    assertThat(shop.orders()).startsWith("milk", "milk", "bread", "milk", "milk", "milk");
    assertThat(shop.orders().get(6)).hasSize(5000);
    assertThat(shop.counted("observed", "observed-first")).isEqualTo(1);
    assertThat(shop.counted("observed", "observed-repeat")).isEqualTo(1);
    assertThat(shop.counted("observed", "observed-mismatch")).isEqualTo(1);
    assertThat(shop.counted("observed", "key-invalid")).isEqualTo(1);
    assertThat(shop.counted("observed", "principal-missing")).isEqualTo(1);
    assertThat(shop.counted("observed", "key-missing")).isGreaterThanOrEqualTo(1);
  }

  @Test
  void optionalProtectsWhoSendsAKeyAndLetsOthersPass() throws SQLException {
    // When
    shop.post("/optional", key, "milk");
    HttpResponse<byte[]> repeat = shop.post("/optional", key, "milk");
    HttpResponse<byte[]> without = shop.post("/optional", "milk", "X-User", "alice");

    // Then
    assertThat(isReplayed(repeat)).isTrue();
    assertThat(without.statusCode()).isEqualTo(200);
    assertThat(shop.orders()).hasSize(2);
    assertThat(shop.counted("optional", "executed")).isEqualTo(1);
    assertThat(shop.counted("optional", "replayed")).isEqualTo(1);
    assertThat(shop.counted("optional", "key-missing")).isEqualTo(1);
  }

  @Test
  void requiredRefusesWhoSendsNone() throws SQLException {
    assertThat(shop.post("/orders", "milk", "X-User", "alice").statusCode()).isEqualTo(400);
    assertThat(shop.orders()).isEmpty();
    assertThat(shop.counted("orders", "key-missing")).isEqualTo(1);
  }

  @Test
  void anEndpointGoesToItsNextStageByASettingAndKeysOfTheStageBeforeAreNew() throws SQLException {
    // Given
    shop.post("/observed", key, "milk");

    // When
    try (Shop next =
        Shop.over(
            database,
            "outbox.idempotency.endpoints.observed.stage=optional",
            "outbox.idempotency.endpoints.optional.stage=required")) {
      HttpResponse<byte[]> first = next.post("/observed", key, "milk");
      HttpResponse<byte[]> second = next.post("/observed", key, "milk");

      // Then
      assertThat(isReplayed(first)).isFalse();
      assertThat(isReplayed(second)).isTrue();
      assertThat(next.post("/optional", "milk", "X-User", "alice").statusCode()).isEqualTo(400);
    }
  }

  @Test
  void aKeyDerivedByTheServerProtectsClientsThatSendNoneUntilTheyDo() throws SQLException {
    // When
    HttpResponse<byte[]> first = shop.post("/derived", "cart 1", "X-User", "alice");
    HttpResponse<byte[]> second = shop.post("/derived", "cart 1", "X-User", "alice");
    HttpResponse<byte[]> other = shop.post("/derived", "cart 2", "X-User", "alice");
    HttpResponse<byte[]> own = shop.post("/derived", key, "cart 1");
    HttpResponse<byte[]> nothingToDerive = shop.post("/derived", "milk", "X-User", "alice");

    // Then
    assertThat(isReplayed(second)).isTrue();
    assertThat(second.body()).isEqualTo(first.body());
    assertThat(List.of(first, other, own)).noneMatch(Shop::isReplayed);
    assertThat(nothingToDerive.statusCode()).isEqualTo(400);
    assertThat(shop.orders()).containsExactly("cart 1", "cart 2", "cart 1");
  }
}
