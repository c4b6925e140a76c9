package dev.outbox.idempotency.inbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Anybody who may write to the topic chooses the headers: they name an event or are refused. */
class EventHeadersPropertyTest {

  @Property
  void bytesOfAnyKindNameAnEventOrAreRefused(
      @ForAll @Size(max = 1_100) byte[] id, @ForAll @Size(max = 1_100) byte[] source) {
    ConsumerRecord<byte[], byte[]> record = record();
    record.headers().add("id", id).add("ce_source", source);
    try {
      EventKey key = EventKeys.eventId().identify(record);
      // Nothing was replaced, so two events never become one.
      assertThat(key.id().getBytes(UTF_8)).isEqualTo(id);
      assertThat(key.source().getBytes(UTF_8)).isEqualTo(source);
      assertThat(key.id()).doesNotContain("\0");
    } catch (UnidentifiedEventException e) {
      assertThat(e.getMessage()).isNotBlank().hasSizeLessThan(1_000);
    }
  }

  @Property
  void aTextIsAPositionThatReadsTheSameOrRefused(@ForAll("positions") String text) {
    try {
      assertThat(OutboxPosition.parse(text).asText()).isEqualTo(text);
    } catch (IllegalArgumentException e) {
      assertThat(text).doesNotMatch("[0-9a-f]{8}-[0-9a-f]{16}-[0-9a-f]{8}");
    }
  }

  @Property
  void positionsCompareLikeTheirTexts(
      @ForAll int epoch,
      @ForAll long transaction,
      @ForAll int index,
      @ForAll int otherEpoch,
      @ForAll long otherTransaction,
      @ForAll int otherIndex) {
    OutboxPosition one = new OutboxPosition(epoch, transaction, index);
    OutboxPosition other = new OutboxPosition(otherEpoch, otherTransaction, otherIndex);
    assertThat(Integer.signum(one.compareTo(other)))
        .isEqualTo(Integer.signum(one.asText().compareTo(other.asText())));
  }

  @Provide
  Arbitrary<String> positions() {
    return Arbitraries.oneOf(
        Arbitraries.strings().withChars("0123456789abcdef-").ofMaxLength(40),
        Arbitraries.strings()
            .withChars("0123456789abcdef")
            .ofLength(32)
            .map(EventHeadersPropertyTest::dashed),
        Arbitraries.strings()
            .withChars("0123456789abcdefABCDEF ")
            .ofLength(32)
            .map(EventHeadersPropertyTest::dashed),
        Arbitraries.strings().ofMaxLength(40));
  }

  private static String dashed(String digits) {
    return digits.substring(0, 8) + '-' + digits.substring(8, 24) + '-' + digits.substring(24);
  }

  private static ConsumerRecord<byte[], byte[]> record() {
    return new ConsumerRecord<>("orders", 0, 0, null, null);
  }
}
