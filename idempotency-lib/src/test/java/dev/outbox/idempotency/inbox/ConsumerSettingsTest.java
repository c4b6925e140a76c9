package dev.outbox.idempotency.inbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConsumerSettingsTest {

  @ParameterizedTest
  @CsvSource({
    "enable.auto.commit, true, false",
    "enable.auto.commit, TRUE, false",
    "isolation.level, read_uncommitted, read_committed",
    "auto.offset.reset, latest, earliest",
    "auto.offset.reset, none, earliest",
    "auto.offset.reset, by_duration:PT1H, earliest",
    "key.deserializer, org.apache.kafka.common.serialization.StringDeserializer, ByteArrayDeserializer",
    "value.deserializer, org.apache.kafka.common.serialization.StringDeserializer, ByteArrayDeserializer",
  })
  void aSettingThatContradictsIsRefusedByNameAndValueWithTheRemedy(
      String name, String value, String remedy) {
    assertThatThrownBy(() -> ConsumerSettings.complete(Map.of(name, value), "shipping"))
        .isInstanceOf(ConsumerSettingsException.class)
        .hasMessageContaining(name + "=" + value)
        .hasMessageContaining(remedy);
  }

  @Test
  void allContradictionsAreNamedAtOnce() {
    assertThatThrownBy(
            () ->
                ConsumerSettings.complete(
                    Map.of(
                        "enable.auto.commit", true, "value.deserializer", StringDeserializer.class),
                    "shipping"))
        .hasMessageContaining("enable.auto.commit=true")
        .hasMessageContaining("value.deserializer=" + StringDeserializer.class.getName());
  }

  @Test
  void whatIsNotGivenIsCompletedAndWhatAgreesIsKept() {
    // When
    Map<String, Object> complete =
        ConsumerSettings.complete(
            Map.of(
                "enable.auto.commit",
                "False",
                "max.poll.records",
                7,
                "key.deserializer",
                ByteArrayDeserializer.class),
            "shipping");

    // Then
    assertThat(complete)
        .containsOnly(
            Map.entry("enable.auto.commit", "false"),
            Map.entry("isolation.level", "read_committed"),
            Map.entry("auto.offset.reset", "earliest"),
            Map.entry("key.deserializer", ByteArrayDeserializer.class.getName()),
            Map.entry("value.deserializer", ByteArrayDeserializer.class.getName()),
            Map.entry("max.poll.records", 7),
            Map.entry("group.id", "shipping"));
  }

  @Test
  void aGroupIdThatIsGivenIsKept() {
    assertThat(ConsumerSettings.complete(Map.of("group.id", "own"), "shipping"))
        .containsEntry("group.id", "own");
  }
}
