package dev.outbox.idempotency.http.spring;

import static dev.outbox.idempotency.http.spring.Shop.isReplayed;
import static dev.outbox.idempotency.http.spring.Shop.newKey;
import static dev.outbox.idempotency.http.spring.Shop.text;
import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.http.spring.HoldPoint.Place;
import dev.outbox.local.ChildProcess;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A service in a process of its own, killed where it hurts most. */
@WithLocalStack
@Tag("slow")
class KilledServiceTest {

  private final TestDatabase database;
  private final String key = newKey();

  KilledServiceTest(PostgresServer postgres) throws SQLException {
    database = Shop.database(postgres);
  }

  @Test
  void killedAfterTheRowWasWrittenTheRepeatHasTheOnlyEffect() throws SQLException {
    // Given
    killAt(Place.ROW_WRITTEN, "/orders");

    try (Shop next = Shop.over(database)) {
      // When
      HttpResponse<byte[]> second = next.post("/orders", key, "milk");
      HttpResponse<byte[]> third = next.post("/orders", key, "milk");

      // Then
      assertThat(second.statusCode()).isEqualTo(201);
      assertThat(isReplayed(second)).isFalse();
      assertThat(isReplayed(third)).isTrue();
      assertThat(next.orders()).containsExactly("milk");
      assertThat(next.events()).hasSize(1);
    }
  }

  @Test
  void killedBetweenCommitAndAnswerTheRepeatGetsTheAnswerThatWasLost() throws SQLException {
    // Given
    killAt(Place.COMMITTED_BEFORE_ANSWER, "/orders");

    try (Shop next = Shop.over(database)) {
      // Then
      assertThat(next.post("/orders", key, "milk"))
          .matches(Shop::isReplayed)
          .matches(response -> response.statusCode() == 201);
      assertThat(next.orders()).containsExactly("milk");
      assertThat(next.events()).hasSize(1);
    }
  }

  @Test
  void killedAfterTheChargeTheNextAttemptGoesOnFromThere() throws SQLException {
    // Given
    killAt(Place.CHARGED, "/payments");

    try (Shop next = Shop.over(database)) {
      // When: until the lease of the killed has ended
      HttpResponse<byte[]> second =
          await()
              .atMost(PATIENCE)
              .until(() -> next.post("/payments", key, "milk"), r -> r.statusCode() != 409);

      // Then
      assertThat(text(second)).startsWith("CHARGED 1 order ");
      assertThat(isReplayed(next.post("/payments", key, "milk"))).isTrue();
      assertThat(next.orders()).containsExactly("milk");
    }
  }

  private void killAt(Place place, String path) {
    try (ChildProcess service =
        ChildProcess.java()
            .mainClass(ShopApplication.class.getName())
            .arguments(Shop.arguments(database))
            .arguments("--outbox.idempotency.lease=1s", "--shop.hold=" + place)
            .start()) {
      String port = service.awaitOutput("listening on (\\d+)", PATIENCE).group(1);
      CompletableFuture<HttpResponse<byte[]>> lost =
          HttpClient.newHttpClient()
              .sendAsync(
                  HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                      .headers("Content-Type", "text/plain", "X-User", "alice")
                      .headers("Idempotency-Key", '"' + key + '"')
                      .POST(BodyPublishers.ofString("milk"))
                      .build(),
                  BodyHandlers.ofByteArray());
      service.awaitOutput(HoldPoint.REACHED, PATIENCE);
      service.sigkill();
      assertThat(lost).failsWithin(PATIENCE);
    }
  }
}
