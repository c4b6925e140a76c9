package dev.outbox.writer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EventSerializerTest {

  private static final EventSerializer<CharSequence> UPPER_CASE =
      new EventSerializer<>() {
        @Override
        public byte[] serialize(CharSequence text) throws IOException {
          if (text.isEmpty()) {
            throw new IOException("nothing to say about 4111");
          }
          return text.toString().toUpperCase(Locale.ROOT).getBytes(UTF_8);
        }

        @Override
        public String contentType() {
          return "text/plain";
        }
      };

  @Test
  void theSerializerMakesThePayloadAndSetsTheContentType() {
    OutboxEvent event = OutboxEvent.of("Order", "42", "OrderPlaced", "abc", UPPER_CASE);

    assertThat(event.payload()).hasValueSatisfying(p -> assertThat(p).isEqualTo(utf8("ABC")));
    assertThat(event.headers()).isEqualTo(Map.of("content-type", "text/plain"));
  }

  @Test
  void bytesPassAsTheyAreAndTheArrayStaysTheCallers() {
    byte[] bytes = {0, -1, 'x'};
    OutboxEvent event =
        OutboxEvent.of(
            "Order", "42", "OrderPlaced", bytes, EventSerializer.ofBytes("application/x"));

    bytes[0] = 9;

    assertThat(event.payload()).hasValueSatisfying(p -> assertThat(p).containsExactly(0, -1, 'x'));
    assertThat(event.headers()).isEqualTo(Map.of("content-type", "application/x"));
  }

  @Test
  void aFailureNamesObjectAndSerializerButNotWhatTheySay() {
    assertThatExceptionOfType(EventSerializationException.class)
        .isThrownBy(() -> OutboxEvent.of("Order", "42", "OrderPlaced", "", UPPER_CASE))
        .withMessage(
            "Cannot encode a java.lang.String as payload of an event: the serializer %s failed"
                + " with java.io.IOException",
            UPPER_CASE.getClass().getName())
        .withCauseInstanceOf(IOException.class);
  }

  @Test
  @SuppressWarnings("NullAway") // what serializers without a null checker do
  void noBytesAreNotTakenForATombstone() {
    EventSerializer<Object> broken =
        new EventSerializer<>() {
          @Override
          public byte[] serialize(Object object) {
            return null;
          }

          @Override
          public String contentType() {
            return "text/plain";
          }
        };

    assertThatExceptionOfType(EventSerializationException.class)
        .isThrownBy(() -> OutboxEvent.of("Order", "42", "OrderPlaced", "x", broken))
        .withMessageEndingWith("returned null; use OutboxEvent.tombstone(…) instead");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OutboxEvent.of("Order", "42", "OrderPlaced", null, UPPER_CASE))
        .withMessage("payload must not be null; use tombstone(…) for an event without payload");
  }

  @Test
  void aBlankContentTypeIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EventSerializer.ofBytes(" "))
        .withMessage("contentType must not be blank");
  }

  private static byte[] utf8(String text) {
    return text.getBytes(UTF_8);
  }
}
