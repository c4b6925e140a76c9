package dev.outbox.relay.source.pgoutput;

import static dev.outbox.relay.source.pgoutput.PgOutputMessages.COLUMNS;
import static dev.outbox.relay.source.pgoutput.PgOutputMessages.relation;
import static dev.outbox.relay.source.pgoutput.PgOutputMessages.row;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.relay.config.Shard;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.source.EventMessages;
import dev.outbox.relay.source.LogItems;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.SourceItem.Ignored;
import dev.outbox.relay.source.SourceItem.Undecodable;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages that a real server sends seldom or never; {@link PgOutputSourceTest} has the others. */
class PgOutputDecoderTest {

  private static final TableName TABLE = new TableName("public", "outbox_event");

  private final PgOutputDecoder decoder =
      new PgOutputDecoder(
          TABLE, new LogItems(new SlotStart(1, 100), new EventMessages(TABLE, Shard.WHOLE)));

  @ParameterizedTest
  @ValueSource(chars = {'U', 'D', 'S', 'E', 'c', 'b', '?'})
  void aMessageThatThePublicationMustNotCarryIsNamed(char kind) {
    assertThatThrownBy(() -> decoder.decode(ByteBuffer.wrap(new byte[] {(byte) kind, 0, 0})))
        .isInstanceOf(RelayException.class)
        .hasMessageContaining("'" + kind + "'");
  }

  @ParameterizedTest
  @ValueSource(chars = {'Y', 'O'})
  void namesOfTypesAndOriginsSayNothing(char kind) {
    assertThat(decoder.decode(ByteBuffer.wrap(new byte[] {(byte) kind, 0, 0}))).isNull();
  }

  @Test
  void removingRowsIsCountedAndNoEvent() {
    assertThat(decoder.decode(ByteBuffer.wrap(new byte[] {'T', 0, 0}))).isInstanceOf(Ignored.class);
  }

  @Test
  void aRowOfATableThatWasNotDescribedIsNotGuessedAt() {
    assertThatThrownBy(() -> decoder.decode(row('b', "x")))
        .isInstanceOf(RelayException.class)
        .hasMessageContaining("not described");
  }

  @Test
  void aValueInAnotherFormIsNotGuessedAt() {
    assertThat(decoder.decode(relation(COLUMNS))).isNull();
    assertThatThrownBy(() -> decoder.decode(row('t', "id", "type", "1", "Placed", "", "")))
        .isInstanceOf(RelayException.class)
        .hasMessageContaining("kind 't'");
  }

  @Test
  void aTextThatIsNotUtf8IsNoEventAndKeepsWhatCanBeRead() {
    assertThat(decoder.decode(relation(COLUMNS))).isNull();
    byte[] id = new byte[16];
    byte[] notUtf8 = {'1', (byte) 0xff};
    byte[] text = {'a'};
    assertThat(decoder.decode(row('b', Arrays.asList(id, text, notUtf8, text, text, null))))
        .isInstanceOfSatisfying(
            Undecodable.class,
            row -> {
              assertThat(row.reason()).contains("UTF-8");
              assertThat(row.aggregateId()).isNull();
              assertThat(row.aggregateType()).isEqualTo("a");
              assertThat(row.payload()).isEqualTo(text);
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "I",
        "M",
        "R",
        "B",
        "C",
        "I\0\0\0\52N\0\6b\177\177\177\177",
        "R\0\0\0\1x\0y\0d\377\377"
      })
  void whatIsCutOffIsDamaged(String message) {
    assertThat(decoder.decode(relation(COLUMNS))).isNull();
    assertThatThrownBy(() -> decoder.decode(ByteBuffer.wrap(message.getBytes(ISO_8859_1))))
        .isInstanceOf(RelayException.class);
  }

  @Test
  void columnsAreFoundByTheirNamesAlsoAfterTheyHaveChangedPlaces() {
    assertThat(
            decoder.decode(
                relation(
                    "type 25",
                    "aggregateid 1043",
                    "aggregatetype 1042",
                    "unknown 3802",
                    "headers 25",
                    "payload 17",
                    "id 2950")))
        .isNull();
    Decoded decoded =
        (Decoded)
            Objects.requireNonNull(
                decoder.decode(
                    row('b', "Placed", "1", "Order", "whatever", "{}", "x", "0123456789abcdef")));
    assertThat(decoded.event().type()).isEqualTo("Placed");
    assertThat(decoded.event().aggregateId()).isEqualTo("1");
    assertThat(decoded.event().aggregateType()).isEqualTo("Order");
    assertThat(decoded.event().id()).isEqualTo("30313233-3435-3637-3839-616263646566");
    assertThat(decoded.event().headers()).isEqualTo("{}");
    assertThat(decoded.event().payload()).isEqualTo(new byte[] {'x'});
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void aRenamedColumnMakesNoEventWithoutIt(int renamed) {
    String[] columns = COLUMNS.clone();
    columns[renamed] = "renamed " + columns[renamed].split(" ")[1];
    assertThatThrownBy(() -> decoder.decode(relation(columns)))
        .isInstanceOf(RelayException.class)
        .hasMessageContaining("lacks column '%s'".formatted(COLUMNS[renamed].split(" ")[0]));
  }

  @ParameterizedTest
  @ValueSource(strings = {"id 25", "payload 3802", "headers 3802", "aggregateid 20"})
  void aColumnOfAnotherTypeIsNotGuessedAt(String column) {
    String name = column.split(" ")[0];
    String[] columns =
        Stream.of(COLUMNS)
            .map(known -> known.startsWith(name + " ") ? column : known)
            .toArray(String[]::new);
    assertThatThrownBy(() -> decoder.decode(relation(columns)))
        .isInstanceOf(RelayException.class)
        .hasMessageContaining("column '%s' of type".formatted(name));
  }
}
