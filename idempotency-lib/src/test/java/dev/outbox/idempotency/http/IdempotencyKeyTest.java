package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.IdempotencyKey.derivedFrom;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.http.IdempotencyKey.Origin;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IdempotencyKeyTest {

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "\"8e03978e-40d5-43e8-bc93-6894a57f9324\",8e03978e-40d5-43e8-bc93-6894a57f9324",
        "\"clkyoesmbgybucifusbbtdsbohtyuuwz\",clkyoesmbgybucifusbbtdsbohtyuuwz",
        "` \"with space\" `,with space",
        "\"a\\\"b\\\\c\",a\"b\\c",
        "`\"k\";version=1;note=\"x y\"`,k",
        "8e03978e-40d5,8e03978e-40d5",
        "order:1/2=3,order:1/2=3"
      })
  void aQuotedStringIsReadAndUnquotedIsAccepted(String field, String key) {
    assertThat(IdempotencyKey.parse(List.of(field)))
        .isEqualTo(new IdempotencyKey(key, Origin.CLIENT));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "   ",
        "\"\"",
        "\"  \"",
        "\"open",
        "\"a\"b",
        "\"a\", \"b\"",
        "\"a\"; b c",
        "a,b",
        "a b",
        "a;b",
        "a\\b",
        "\"a\\b\"",
        "\"\u00e9\"",
        "\u00e9",
        "\"tab\there\"",
        "a\u0000b",
        "a\u007fb"
      })
  void whatIsNoKeyIsRefusedWithoutRepeatingIt(String field) {
    assertThatThrownBy(() -> IdempotencyKey.parse(List.of(field)))
        .isInstanceOf(InvalidIdempotencyKeyException.class)
        .hasMessageNotContaining("open")
        .hasMessageNotContaining("here");
  }

  @Test
  void theLongestKeyPassesAndALongerOneIsRefused() {
    String longest = "k".repeat(IdempotencyKey.LONGEST);
    assertThat(IdempotencyKey.parse(List.of(longest)).value()).isEqualTo(longest);
    assertThatThrownBy(() -> IdempotencyKey.parse(List.of('"' + longest + "k\"")))
        .hasMessage("it has 256 characters, more than 255");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"%s\"", "\"%s", "\"k\";a=%s", "%s"})
  void aHeaderOfAnyLengthTakesNoStack(String field) {
    assertThatThrownBy(() -> IdempotencyKey.parse(List.of(field.formatted("\\\"".repeat(100_000)))))
        .isInstanceOf(InvalidIdempotencyKeyException.class);
    assertThat(IdempotencyKey.parse(List.of("\"k\"" + ";a=1".repeat(100_000))).value())
        .isEqualTo("k");
  }

  @Test
  void twoHeadersAreRefusedEvenIfTheyAreTheSame() {
    assertThatThrownBy(() -> IdempotencyKey.parse(List.of("\"a\"", "\"a\"")))
        .hasMessage("the request has 2 of them");
  }

  @Test
  void aDerivedKeyIsTheSameForTheSameContentOnly() {
    assertThat(derivedFrom("cart", "42", "2026-11-21"))
        .isEqualTo(derivedFrom("cart", "42", "2026-11-21"))
        .isNotEqualTo(derivedFrom("cart", "43", "2026-11-21"))
        .isNotEqualTo(derivedFrom("cart4", "2", "2026-11-21"))
        .isNotEqualTo(derivedFrom("cart", "422026-11-21"));
  }

  @Test
  void aClientCannotMeetADerivedKeyByGuessingItsText() {
    // Given
    IdempotencyScope scope =
        new IdempotencyScope(Optional.empty(), Optional.of("alice"), "orders.place");
    IdempotencyKey derived = derivedFrom("cart", "42");

    // Then
    assertThat(scope.recordOf(new IdempotencyKey(derived.value(), Origin.CLIENT)))
        .isNotEqualTo(scope.recordOf(derived));
  }
}
