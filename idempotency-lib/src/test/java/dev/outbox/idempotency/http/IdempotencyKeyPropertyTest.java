package dev.outbox.idempotency.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.idempotency.http.IdempotencyKey.Origin;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Whatever a client sends in the header is a key or refused, also when it is long. */
class IdempotencyKeyPropertyTest {

  @Property
  void aKeyComesOutOfItsQuotesAsItWentIn(@ForAll("keys") String key) {
    String quoted = '"' + key.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    assertThat(IdempotencyKey.parse(List.of(quoted)))
        .isEqualTo(new IdempotencyKey(key, Origin.CLIENT));
    assertThat(IdempotencyKey.parse(List.of("  " + quoted + ";v=1 ")).value()).isEqualTo(key);
  }

  @Property
  void anyFieldIsAKeyOrRefusedWithoutRepeatingIt(@ForAll("fields") String field) {
    try {
      String value = IdempotencyKey.parse(List.of(field)).value();
      assertThat(value).matches("[ -~]{1,255}").isNotBlank();
    } catch (InvalidIdempotencyKeyException e) {
      assertThat(e.getMessage()).hasSizeLessThan(200);
    }
  }

  /** A server may be set to take headers of any size; recursion over them would end the thread. */
  @Property(tries = 40)
  void aFieldOfAnyLengthIsAKeyOrRefused(
      @ForAll @IntRange(min = 300, max = 400_000) int length, @ForAll("parts") String part) {
    String body = part.repeat(length / part.length());
    for (String field :
        List.of(body, '"' + body, '"' + body + '"', "\"k\"" + body, "\"k\";a=\"" + body + '"')) {
      anyFieldIsAKeyOrRefusedWithoutRepeatingIt(field);
    }
  }

  @Provide
  Arbitrary<String> keys() {
    return Arbitraries.strings()
        .withCharRange(' ', '~')
        .ofMinLength(1)
        .ofMaxLength(255)
        .filter(key -> !key.isBlank());
  }

  @Provide
  Arbitrary<String> fields() {
    return Arbitraries.oneOf(
        Arbitraries.strings().ofMaxLength(300),
        Arbitraries.strings().withChars("\"\\;=a *, \t").ofMaxLength(20),
        parts().list().ofMaxSize(12).map(parts -> String.join("", parts)));
  }

  @Provide
  Arbitrary<String> parts() {
    return Arbitraries.of("a", "\\\"", "\\\\", "\"", ";a", ";a=1", "; ", ",", " ", "=", "*", "é");
  }
}
