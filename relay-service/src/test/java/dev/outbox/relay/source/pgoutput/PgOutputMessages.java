package dev.outbox.relay.source.pgoutput;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Messages as the plugin pgoutput writes them. */
final class PgOutputMessages {

  /** The outbox table's, for {@link #relation}. */
  static final String[] COLUMNS = {
    "id 2950", "aggregatetype 1043", "aggregateid 1043", "type 1043", "payload 17", "headers 25"
  };

  private static final int OID = 42;

  private PgOutputMessages() {}

  /**
   * What tells the columns of {@code public.outbox_event}, each as {@code name OID-of-its-type}.
   */
  static ByteBuffer relation(String... columns) {
    return message(
        out -> {
          out.writeByte('R');
          out.writeInt(OID);
          out.write("public\0outbox_event\0d".getBytes(UTF_8));
          out.writeShort(columns.length);
          for (String column : columns) {
            String[] nameAndType = column.split(" ");
            out.writeByte(0);
            out.write((nameAndType[0] + "\0").getBytes(UTF_8));
            out.writeInt(Integer.parseInt(nameAndType[1]));
            out.writeInt(-1);
          }
        });
  }

  /**
   * A row of it.
   *
   * @param kind 'b' for values in binary form
   */
  static ByteBuffer row(char kind, String... values) {
    return row(kind, Stream.of(values).map(value -> value.getBytes(UTF_8)).toList());
  }

  /** The same of bytes, or null. */
  static ByteBuffer row(char kind, List<byte @Nullable []> values) {
    return message(
        out -> {
          out.writeByte('I');
          out.writeInt(OID);
          out.writeByte('N');
          out.writeShort(values.size());
          for (byte @Nullable [] value : values) {
            if (value == null) {
              out.writeByte('n');
            } else {
              out.writeByte(kind);
              out.writeInt(value.length);
              out.write(value);
            }
          }
        });
  }

  static ByteBuffer begin(long commitLsn, long micros) {
    return message(
        out -> {
          out.writeByte('B');
          out.writeLong(commitLsn);
          out.writeLong(micros);
          out.writeInt(4711);
        });
  }

  static ByteBuffer commit(long endLsn, long micros) {
    return message(
        out -> {
          out.writeByte('C');
          out.writeByte(0);
          out.writeLong(endLsn - 1);
          out.writeLong(endLsn);
          out.writeLong(micros);
        });
  }

  /** A logical message that belongs to a transaction. */
  static ByteBuffer logicalMessage(String prefix, byte[] content) {
    return message(
        out -> {
          out.writeByte('M');
          out.writeByte(1);
          out.writeLong(4711);
          out.write((prefix + "\0").getBytes(UTF_8));
          out.writeInt(content.length);
          out.write(content);
        });
  }

  private interface Writing {
    void to(DataOutputStream out) throws IOException;
  }

  private static ByteBuffer message(Writing content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      content.to(new DataOutputStream(bytes));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return ByteBuffer.wrap(bytes.toByteArray());
  }
}
