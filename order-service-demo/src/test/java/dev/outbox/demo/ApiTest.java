package dev.outbox.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.demo.Shop.Answer;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** What a client can read about the API, and what it is told when it has not. */
class ApiTest extends ShopTestBase {

  @Test
  void theOpenApiDocumentHasEveryOperationAndWhichOnesTakeAKey() {
    // When
    JsonNode document = shop().get("/v3/api-docs").ok(200).json();
    // Then
    List<String> operations = new ArrayList<>();
    List<String> keyed = new ArrayList<>();
    document
        .get("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        operation -> {
                          String name = operation.getKey() + " " + path.getKey();
                          operations.add(name);
                          if (takesKey(operation.getValue())) {
                            keyed.add(name);
                          }
                          assertThat(
                                  operation
                                      .getValue()
                                      .at("/responses/default/content")
                                      .propertyNames())
                              .as(name)
                              .containsExactly("application/problem+json");
                        }));
    assertThat(operations)
        .contains(
            "post /orders",
            "get /orders/{id}",
            "post /orders/{id}/payments",
            "post /orders/{id}/payment-callbacks",
            "post /orders/{id}/dispatch",
            "post /orders/{id}/receipt",
            "post /orders/{id}/cancel",
            "post /ad-clicks",
            "get /ad-spend/{campaign}",
            "get /stock/{productId}",
            "get /products")
        .doesNotContain("get /error");
    assertThat(keyed)
        .containsExactlyInAnyOrder("post /orders", "post /orders/{id}/payments", "post /ad-clicks");
    assertThat(document.at("/components/schemas/Problem/properties").propertyNames())
        .contains("type", "title", "status", "detail");
    assertThat(document.at("/paths/~1orders/post/responses").propertyNames())
        .contains("201", "400", "409", "422", "503");
    assertThat(document.toString()).doesNotContain("\"reservation\"");
  }

  private static boolean takesKey(JsonNode operation) {
    for (JsonNode parameter : operation.path("parameters")) {
      if (parameter.get("name").asString().equals("Idempotency-Key")) {
        return parameter.get("required").asBoolean()
            && parameter.get("in").asString().equals("header");
      }
    }
    return false;
  }

  @ParameterizedTest
  @CsvSource({
    "GET,    /nothing,          application/json, */*,              404",
    "GET,    /orders/none,      application/json, */*,              400",
    "DELETE, /orders,           application/json, */*,              405",
    "POST,   /orders,           text/plain,       */*,              415",
    "GET,    /products,         application/json, application/xml,  406",
    "POST,   /orders/x/receipt, application/json, */*,              400",
    "GET,    /error,            application/json, */*,              404",
  })
  void whatTheFrameworkRefusesIsAProblemToo(
      String method, String path, String contentType, String accept, int status) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder()
            .uri(shop().request(path).build().uri())
            .header("Content-Type", contentType)
            .header("Accept", accept)
            .header("Idempotency-Key", "\"" + Shop.newKey() + "\"")
            .method(method, BodyPublishers.ofString("{}"));

    shop().send(request).problem(status);
  }

  @Test
  void whatTheContainerRefusesIsAProblemToo() throws IOException {
    // An address that is none does not come as far as the framework.
    String[] hostAndPort = shop().address().split(":");
    try (Socket socket = new Socket(hostAndPort[0], Integer.parseInt(hostAndPort[1]))) {
      socket
          .getOutputStream()
          .write(
              "GET /orders/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                  .getBytes(US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 400").contains("application/problem+json");
    }
  }

  @Test
  void aFaultOfTheServiceIsAProblemWithoutItsInnards() {
    // Given
    String id = shop().place();
    database()
        .sql(
            """
            create function break() returns trigger language plpgsql as
              $$ begin raise exception 'innards'; end $$;
            create trigger breaking before update on orders
              for each row execute function break();
            """)
        .update();
    try {
      // When
      Answer answer = shop().step(id, "cancel");
      // Then
      assertThat(answer.problem(500).body()).doesNotContain("innards");
    } finally {
      database().sql("drop trigger breaking on orders").update();
    }
  }

  @Test
  void theShopSellsWhatIsInItsCatalogue() {
    JsonNode products = shop().get("/products").ok(200).json();
    assertThat(products).hasSize(4);

    Answer refused =
        shop().post("/orders", Shop.order("ada", "caviar", 1), Shop.newKey()).problem(400);

    assertThat(refused.text("/detail"))
        .isEqualTo("productId must be one of cocoa, coffee, milk, tea");
    assertThat(refused.text("/errors/0/field")).isEqualTo("productId");
  }

  @Test
  void aGiftMessageOfTwoMillionCharactersTravelsWithTheEvent() {
    // When
    String order =
        "{\"userId\":\"ada\",\"productId\":\"tea\",\"quantity\":1,\"campaign\":\"xmas\",\"giftMessage\":\"%s\"}";
    Answer placed =
        shop().post("/orders", order.formatted("é".repeat(2_000_000)), Shop.newKey()).ok(201);
    // Then it makes an event that no topic takes by default
    assertThat(placed.text("/campaign")).isEqualTo("xmas");
    assertThat(events(placed.text("/id")).get(0).payload().length).isGreaterThan(1 << 20);
    // And one more character is refused, as is what PostgreSQL cannot store
    Answer refused = shop().post("/orders", order.formatted("é".repeat(2_000_001)), Shop.newKey());
    assertThat(refused.problem(400).text("/detail")).startsWith("giftMessage ");
    refused = shop().post("/orders", order.formatted("a\\u0000b"), Shop.newKey());
    assertThat(refused.problem(400).text("/detail")).startsWith("giftMessage ");
    refused = shop().post("/orders", order.formatted("a\\ud800b"), Shop.newKey());
    assertThat(refused.problem(400).text("/detail")).startsWith("giftMessage ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "campaign | {'spend':1,'at':'2026-11-21T10:00:00Z'}",
        "spend    | {'campaign':'a','at':'2026-11-21T10:00:00Z'}",
        "spend    | {'campaign':'a','spend':-1,'at':'2026-11-21T10:00:00Z'}",
        "spend    | {'campaign':'a','spend':0.5,'at':'2026-11-21T10:00:00Z'}",
        "at       | {'campaign':'a','spend':1}",
        "at       | {'campaign':'a','spend':1,'at':'1999-12-31T00:00:00Z'}",
        "at       | {'campaign':'a','spend':1,'at':'+1000000-01-01T00:00:00Z'}",
        "at       | {'campaign':'a','spend':1,'at':'yesterday'}",
      })
  void aBadFieldOfAClickIsNamed(String field, String body) {
    Answer refused = shop().post("/ad-clicks", body.replace('\'', '"'), Shop.newKey()).problem(400);

    assertThat(refused.text("/errors/0/field")).isEqualTo(field);
  }
}
