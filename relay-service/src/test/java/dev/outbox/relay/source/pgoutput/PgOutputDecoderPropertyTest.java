package dev.outbox.relay.source.pgoutput;

import static dev.outbox.relay.source.pgoutput.PgOutputMessages.COLUMNS;
import static dev.outbox.relay.source.pgoutput.PgOutputMessages.begin;
import static dev.outbox.relay.source.pgoutput.PgOutputMessages.commit;
import static dev.outbox.relay.source.pgoutput.PgOutputMessages.relation;
import static dev.outbox.relay.source.pgoutput.PgOutputMessages.row;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.relay.config.Shard;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.source.EventMessages;
import dev.outbox.relay.source.LogItems;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.source.SourceItem;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.SourceItem.Progress;
import dev.outbox.relay.source.SourceItem.Undecodable;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

/**
 * Whatever the stream carries, the decoder says what it is or refuses it with {@link
 * RelayException}, which ends the run before it; any other exception fails these properties.
 */
class PgOutputDecoderPropertyTest {

  private static final TableName TABLE = new TableName("public", "outbox_event");

  private static final String ID = "id 2950";

  /** A row as PostgreSQL may hold it. */
  record Row(
      UUID id,
      String aggregateType,
      String aggregateId,
      String type,
      byte @Nullable [] payload,
      @Nullable String headers) {

    ByteBuffer message() {
      return row('b', values());
    }

    /** In the order of {@link PgOutputMessages#COLUMNS}. */
    List<byte @Nullable []> values() {
      byte[] uuid =
          ByteBuffer.allocate(16)
              .putLong(id.getMostSignificantBits())
              .putLong(id.getLeastSignificantBits())
              .array();
      return Arrays.asList(
          uuid,
          aggregateType.getBytes(UTF_8),
          aggregateId.getBytes(UTF_8),
          type.getBytes(UTF_8),
          payload,
          headers == null ? null : headers.getBytes(UTF_8));
    }
  }

  @Provide
  Arbitrary<Row> rows() {
    Arbitrary<byte[]> bytes = Arbitraries.bytes().array(byte[].class).ofMaxSize(300);
    return Combinators.combine(
            Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(UUID::new),
            texts(),
            texts(),
            texts(),
            bytes.injectNull(0.1),
            texts().injectNull(0.3))
        .as(Row::new);
  }

  /** Texts that PostgreSQL takes: no NUL, and UTF-8. */
  private static Arbitrary<String> texts() {
    return Arbitraries.strings()
        .withChars("aä€\"\\{}:,\n\u0001 \uFFFD")
        .withCharRange('\u0001', '\uD7FF')
        .withCharRange('\uE000', '\uFFFF')
        .ofMaxLength(40);
  }

  /** Every message that can come, whole. */
  @Provide
  Arbitrary<ByteBuffer> messages() {
    Arbitrary<Long> numbers = Arbitraries.longs();
    return Arbitraries.oneOf(
        rows().map(Row::message),
        Combinators.combine(numbers, numbers).as(PgOutputMessages::begin),
        Combinators.combine(numbers, numbers).as(PgOutputMessages::commit),
        Combinators.combine(
                Arbitraries.of("outbox", "outbox.control", "outbox.heartbeat", "mine"),
                Arbitraries.bytes().array(byte[].class).ofMaxSize(200))
            .as(PgOutputMessages::logicalMessage),
        Arbitraries.just(COLUMNS).map(PgOutputMessages::relation));
  }

  @Property
  void aRowComesOutAsItWentIn(@ForAll("rows") Row row, @ForAll long micros) {
    PgOutputDecoder decoder = decoder();
    assertThat(decoder.decode(begin(200, micros))).isNull();
    OutboxEvent event = ((Decoded) decoded(decoder, row.message())).event();
    assertThat(event.id()).isEqualTo(row.id().toString());
    assertThat(event.aggregateType()).isEqualTo(row.aggregateType());
    assertThat(event.aggregateId()).isEqualTo(row.aggregateId());
    assertThat(event.type()).isEqualTo(row.type());
    assertThat(event.payload()).isEqualTo(row.payload());
    assertThat(event.headers()).isEqualTo(row.headers());
    assertThat(event.committedAt())
        .isEqualTo(Instant.parse("2000-01-01T00:00:00Z").plus(micros, ChronoUnit.MICROS));
    assertThat(decoded(decoder, commit(300, micros))).isEqualTo(new Progress(300));
  }

  @Property
  void bytesOfAnyKindAreTakenApartOrRefused(
      @ForAll @Size(max = 200) byte[] bytes, @ForAll("kinds") byte kind) {
    bytes = Arrays.copyOf(bytes, Math.max(1, bytes.length));
    decodeOrRefuse(bytes);
    bytes[0] = kind;
    decodeOrRefuse(bytes);
  }

  @Provide
  Arbitrary<Byte> kinds() {
    return Arbitraries.of((byte) 'B', (byte) 'C', (byte) 'I', (byte) 'M', (byte) 'R');
  }

  @Property
  void whatIsCutOffIsRefused(@ForAll("messages") ByteBuffer message, @ForAll int at) {
    byte[] cut = Arrays.copyOf(message.array(), Math.floorMod(at, message.limit()));
    assertRefused(cut);
  }

  @Property
  void whatHasSomethingBehindItsEndIsRefused(
      @ForAll("messages") ByteBuffer message, @ForAll @IntRange(min = 1, max = 9) int more) {
    assertRefused(Arrays.copyOf(message.array(), message.limit() + more));
  }

  @Property
  void aFlippedBitIsTakenForAnotherMessageOrRefused(
      @ForAll("messages") ByteBuffer message, @ForAll int bit) {
    byte[] flipped = message.array().clone();
    int place = Math.floorMod(bit, flipped.length * 8);
    flipped[place / 8] ^= (byte) (1 << (place % 8));
    decodeOrRefuse(flipped);
  }

  /** What stands beside the damage is not made of what the damage says: nothing moves. */
  @Property
  void aFlippedBitOfALengthNeverMakesAnEvent(
      @ForAll("rows") Row row, @ForAll @IntRange(max = 5) int column, @ForAll int bit) {
    byte[] message = row.message().array();
    int length = lengthOf(message, column);
    message[length + Math.floorMod(bit, 32) / 8] ^= (byte) (1 << Math.floorMod(bit, 8));
    assertThat(decodeOrRefuse(message) instanceof Decoded).isFalse();
  }

  /** Where a column's length stands; of one that is null, that of the first. */
  private static int lengthOf(byte[] message, int column) {
    ByteBuffer in = ByteBuffer.wrap(message, 8, message.length - 8);
    int found = 9;
    for (int i = 0; i <= column; i++) {
      if (in.get() == 'b') {
        found = in.position();
        in.position(in.position() + 4 + in.getInt(in.position()));
      }
    }
    return found;
  }

  @Property
  void textsThatAreNotUtf8MakeNoEvent(
      @ForAll("rows") Row row,
      @ForAll @IntRange(min = 1, max = 5) int column,
      @ForAll @Size(min = 1, max = 20) byte[] bytes) {
    if (column == 4) {
      return; // the payload is bytes
    }
    ByteBuffer id = ByteBuffer.allocate(16);
    List<byte @Nullable []> values =
        Arrays.asList(
            id.array(),
            "Order".getBytes(UTF_8),
            "1".getBytes(UTF_8),
            "Placed".getBytes(UTF_8),
            row.payload(),
            null);
    values.set(column, bytes);
    SourceItem item = decoded(decoder(), row('b', values));
    if (isUtf8(bytes)) {
      assertThat(item).isInstanceOf(Decoded.class);
    } else {
      assertThat(item)
          .isInstanceOfSatisfying(
              Undecodable.class,
              unreadable -> {
                assertThat(unreadable.reason()).contains("UTF-8");
                assertThat(unreadable.payload()).isEqualTo(row.payload());
              });
    }
  }

  private static boolean isUtf8(byte[] bytes) {
    try {
      var unused = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  @Property
  void aDescriptionOfAnyColumnsIsTakenOrRefused(
      @ForAll @Size(max = 8) List<@From("columns") String> columns, @ForAll("rows") Row row) {
    PgOutputDecoder decoder = decoder();
    try {
      assertThat(decoder.decode(relation(columns.toArray(String[]::new)))).isNull();
    } catch (RelayException e) {
      return;
    }
    if (columns.size() == COLUMNS.length && isIdOrNull(row.values().get(columns.indexOf(ID)))) {
      assertThat(decoder.decode(row.message())).isInstanceOfAny(Decoded.class, Undecodable.class);
    } else {
      assertThatThrownBy(() -> decoder.decode(row.message())).isInstanceOf(RelayException.class);
    }
  }

  private static boolean isIdOrNull(byte @Nullable [] value) {
    return value == null || value.length == 16;
  }

  @Provide
  Arbitrary<String> columns() {
    return Arbitraries.frequencyOf(
        net.jqwik.api.Tuple.of(6, Arbitraries.of(COLUMNS)),
        net.jqwik.api.Tuple.of(1, Arbitraries.of("id 25", "payload 25", "more 17")));
  }

  private static void assertRefused(byte[] message) {
    assertThatThrownBy(() -> decoder().decode(ByteBuffer.wrap(message)))
        .isInstanceOf(RelayException.class);
  }

  /** Null for a message that is refused, or that says nothing of an event. */
  private static @Nullable SourceItem decodeOrRefuse(byte[] message) {
    try {
      return decoder().decode(ByteBuffer.wrap(message));
    } catch (RelayException e) {
      assertThat(e.remedy()).isNotBlank();
      return null;
    }
  }

  private static SourceItem decoded(PgOutputDecoder decoder, ByteBuffer message) {
    return Objects.requireNonNull(decoder.decode(message));
  }

  /** One that knows the outbox table. */
  private static PgOutputDecoder decoder() {
    PgOutputDecoder decoder =
        new PgOutputDecoder(
            TABLE, new LogItems(new SlotStart(1, 100), new EventMessages(TABLE, Shard.WHOLE)));
    assertThat(decoder.decode(relation(COLUMNS))).isNull();
    return decoder;
  }
}
