package dev.outbox.relay.source.pgoutput;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.config.TableName;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.source.LogItems;
import dev.outbox.relay.source.SourceItem;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Takes the messages of PostgreSQL's plugin pgoutput apart, as far as a publication of inserts can
 * carry them (protocol version 1, values in binary form; chapter "Logical Replication Message
 * Formats" of PostgreSQL's documentation). Messages must come in the order of the stream, all of
 * them, on one thread.
 *
 * <p>Nothing that a message says of itself is believed: a length that reaches beyond the message,
 * or something behind its end, makes it a damaged one, and of a damaged one nothing is used.
 */
final class PgOutputDecoder {

  private static final Instant POSTGRES_EPOCH = Instant.parse("2000-01-01T00:00:00Z");
  private static final int TRANSACTIONAL = 1;
  private static final int UUID_BYTES = 16;

  /** What stands in place of bytes that are not UTF-8. */
  private static final char REPLACEMENT = '\uFFFD';

  /** Names come from rows, so there could be any number of them. */
  private static final int NAMES_KEPT = 1000;

  private final TableName table;
  private final LogItems items;
  private final Map<Integer, Columns> relations = new HashMap<>();
  private final Map<ByteBuffer, String> names = new HashMap<>();
  private Instant committedAt = Instant.EPOCH;
  private boolean inTransaction;

  /** A decoder for one run. */
  PgOutputDecoder(TableName table, LogItems items) {
    this.table = table;
    this.items = items;
  }

  /** Whether a transaction has begun to arrive and is not here whole. */
  boolean isInTransaction() {
    return inTransaction;
  }

  /**
   * @return what the message says, or null when it only says something about others
   * @throws RelayException when it is one that the publication must not carry, or damaged
   */
  @Nullable SourceItem decode(ByteBuffer message) {
    try {
      return take(message);
    } catch (BufferUnderflowException e) {
      throw damaged("a message that is cut off");
    }
  }

  private @Nullable SourceItem take(ByteBuffer message) {
    char kind = (char) (message.get() & 0xff);
    return switch (kind) {
      case 'B' -> begin(message);
      case 'C' -> commit(message);
      case 'I' -> insert(message);
      case 'M' -> logicalMessage(message);
      case 'R' -> relation(message);
      case 'Y', 'O' -> null; // names of types; where a replicated transaction came from
      case 'T' -> items.ignored(); // removing rows is no event
      default ->
          throw new RelayException(
              Stage.SOURCE,
              "The replication stream carries a message '%s', which the relay does not know."
                  .formatted(kind),
              "The publication must carry inserts into the outbox table and nothing else; run 'init'"
                  + " with another outbox.relay.publication.");
    };
  }

  private @Nullable SourceItem begin(ByteBuffer message) {
    message.getLong(); // the LSN of the commit, not of its end
    Instant time = POSTGRES_EPOCH.plus(message.getLong(), ChronoUnit.MICROS);
    message.getInt(); // the transaction's ID
    requireEnd(message);
    committedAt = time;
    inTransaction = true;
    return null;
  }

  private SourceItem commit(ByteBuffer message) {
    message.get(); // flags, unused
    message.getLong(); // LSN of the commit
    long end = message.getLong();
    message.getLong(); // when it was
    requireEnd(message);
    inTransaction = false;
    items.behindCommit(end);
    return items.progress();
  }

  private SourceItem logicalMessage(ByteBuffer message) {
    boolean transactional = (message.get() & TRANSACTIONAL) != 0;
    long lsn = message.getLong();
    String prefix = string(message);
    ByteBuffer content = slice(message);
    requireEnd(message);
    if (!transactional) {
      items.behindCommit(lsn);
    }
    return items.message(prefix, content, transactional, committedAt);
  }

  private @Nullable SourceItem relation(ByteBuffer message) {
    int oid = message.getInt();
    TableName name = new TableName(string(message), string(message));
    message.get(); // replica identity
    String[] columns = new String[count(message)];
    int[] types = new int[columns.length];
    for (int i = 0; i < columns.length; i++) {
      message.get(); // whether it is part of the key
      columns[i] = string(message);
      types[i] = message.getInt();
      message.getInt(); // the type's modifier
    }
    requireEnd(message);
    relations.put(oid, Columns.of(columns, types, name.equals(table)));
    return null;
  }

  private SourceItem insert(ByteBuffer message) {
    Columns columns = relations.get(message.getInt());
    if (columns == null || message.get() != 'N') {
      throw damaged("a row of a table that was not described");
    }
    if (!columns.ofOutbox()) {
      return items.ignored();
    }
    int count = count(message);
    if (count != columns.count()) {
      throw damaged("a row of %d columns of a table of %d".formatted(count, columns.count()));
    }
    @Nullable ByteBuffer[] values = new ByteBuffer[Columns.COUNT];
    for (int i = 0; i < count; i++) {
      int place = columns.place(i);
      @Nullable ByteBuffer value = value(message);
      if (place >= 0) {
        values[place] = value;
      }
    }
    requireEnd(message);
    return row(values);
  }

  private SourceItem row(@Nullable ByteBuffer[] values) {
    @Nullable String id = uuid(values[Columns.ID]);
    @Nullable String aggregateType = name(values[Columns.AGGREGATE_TYPE]);
    @Nullable String aggregateId = text(values[Columns.AGGREGATE_ID]);
    @Nullable String type = name(values[Columns.TYPE]);
    byte @Nullable [] payload = bytes(values[Columns.PAYLOAD]);
    @Nullable String headers = text(values[Columns.HEADERS]);
    if (isWhole(aggregateType, values[Columns.AGGREGATE_TYPE])
        && isWhole(aggregateId, values[Columns.AGGREGATE_ID])
        && isWhole(type, values[Columns.TYPE])
        && isWhole(headers, values[Columns.HEADERS])) {
      return items.row(id, aggregateType, aggregateId, type, payload, headers, committedAt);
    }
    return items.unreadableRow(
        "its texts are not all UTF-8, as a database of encoding SQL_ASCII allows",
        id,
        isWhole(aggregateType, values[Columns.AGGREGATE_TYPE]) ? aggregateType : null,
        isWhole(aggregateId, values[Columns.AGGREGATE_ID]) ? aggregateId : null,
        isWhole(type, values[Columns.TYPE]) ? type : null,
        payload,
        isWhole(headers, values[Columns.HEADERS]) ? headers : null);
  }

  /** Whether it says what the bytes say: a key that is not whole would be another one's, too. */
  private static boolean isWhole(@Nullable String text, @Nullable ByteBuffer value) {
    return text == null
        || value == null
        || text.indexOf(REPLACEMENT) < 0
        || ByteBuffer.wrap(text.getBytes(UTF_8)).equals(value);
  }

  private static @Nullable ByteBuffer value(ByteBuffer message) {
    char kind = (char) message.get();
    if (kind == 'n') {
      return null;
    }
    if (kind != 'b') {
      throw damaged("a value of kind '%s'".formatted(kind));
    }
    return slice(message);
  }

  /** As many bytes as stand before them. */
  private static ByteBuffer slice(ByteBuffer message) {
    int length = message.getInt();
    if (length < 0 || length > message.remaining()) {
      throw damaged("a value of %d bytes in %d".formatted(length, message.remaining()));
    }
    ByteBuffer value = message.slice(message.position(), length);
    message.position(message.position() + length);
    return value;
  }

  private static int count(ByteBuffer message) {
    int count = message.getShort();
    if (count < 0) {
      throw damaged("a number of columns below zero");
    }
    return count;
  }

  private static void requireEnd(ByteBuffer message) {
    if (message.hasRemaining()) {
      throw damaged("a message with %d bytes behind its end".formatted(message.remaining()));
    }
  }

  private static RelayException damaged(String what) {
    return new RelayException(
        Stage.SOURCE,
        "The replication stream carries %s.".formatted(what),
        "The relay reads on a new connection; if this repeats, report it with the server's version.");
  }

  private static @Nullable String uuid(@Nullable ByteBuffer value) {
    if (value == null) {
      return null;
    }
    if (value.remaining() != UUID_BYTES) {
      throw damaged("an ID of %d bytes".formatted(value.remaining()));
    }
    return new UUID(value.getLong(), value.getLong()).toString();
  }

  private static @Nullable String text(@Nullable ByteBuffer value) {
    return value == null
        ? null
        : new String(
            value.array(), value.arrayOffset() + value.position(), value.remaining(), UTF_8);
  }

  /** A text of which there are few; one of each is kept, since events wait in thousands. */
  private @Nullable String name(@Nullable ByteBuffer value) {
    @Nullable String known = names.get(value);
    if (known != null || value == null) {
      return known;
    }
    String name = Objects.requireNonNull(text(value));
    if (names.size() < NAMES_KEPT) {
      names.put(ByteBuffer.wrap(name.getBytes(UTF_8)), name);
    }
    return name;
  }

  private static byte @Nullable [] bytes(@Nullable ByteBuffer value) {
    if (value == null) {
      return null;
    }
    byte[] bytes = new byte[value.remaining()];
    value.get(bytes);
    return bytes;
  }

  /** Up to the zero that ends it. */
  private static String string(ByteBuffer message) {
    int start = message.position();
    int end = start;
    while (end < message.limit() && message.get(end) != 0) {
      end++;
    }
    if (end == message.limit()) {
      throw damaged("a name without end");
    }
    message.position(end + 1);
    return new String(message.array(), message.arrayOffset() + start, end - start, UTF_8);
  }
}
