package dev.outbox.writer.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.outbox.writer.EventSerializationException;
import dev.outbox.writer.OutboxEvent;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

class JsonSerializerTest {

  record Placed(String orderId, Instant placedAt) {}

  private static final Placed PLACED = new Placed("ü-42", Instant.parse("2026-11-21T17:00:00Z"));

  @Test
  void anObjectBecomesJsonInUtf8WithItsContentType() {
    OutboxEvent event = event(PLACED, JsonMapper.shared());

    assertThat(text(event))
        .isEqualTo("{\"orderId\":\"ü-42\",\"placedAt\":\"2026-11-21T17:00:00Z\"}");
    assertThat(event.headers()).containsEntry("content-type", "application/json");
  }

  @Test
  void theMapperIsUsedAsItIsConfigured() {
    JsonMapper mapper =
        JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    assertThat(text(event(PLACED, mapper))).contains("\"order_id\"").contains("\"placed_at\"");
  }

  @Test
  void whatJacksonCannotEncodeIsAnErrorOfTheLibrary() {
    assertThatExceptionOfType(EventSerializationException.class)
        .isThrownBy(() -> event(new Failing(), JsonMapper.shared()))
        .withMessageStartingWith("Cannot encode a " + Failing.class.getName())
        .withMessageNotContaining("4111");
  }

  static class Failing {
    public String getCard() {
      throw new IllegalStateException("4111");
    }
  }

  private static OutboxEvent event(Object payload, JsonMapper mapper) {
    return OutboxEvent.of("Order", "42", "OrderPlaced", payload, new JsonSerializer(mapper));
  }

  private static String text(OutboxEvent event) {
    return new String(event.payload().orElseThrow(), UTF_8);
  }
}
