package dev.outbox.writer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;

/** What logical replication delivers from a database: the messages that were committed. */
public final class LogSlot implements AutoCloseable {

  /** Kind, flags and LSN of pgoutput's message. */
  private static final int FLAGS_AT = 1;

  private static final int PREFIX_AT = 10;

  private final TestDatabase database;
  private final String name;

  private LogSlot(TestDatabase database, String name) {
    this.database = database;
    this.name = name;
  }

  /** A slot that delivers what is committed from now on. */
  public static LogSlot create(TestDatabase database) throws SQLException {
    String name = "writer_" + UUID.randomUUID().toString().replace('-', '_');
    database.execute("create publication " + name);
    database.execute("select pg_create_logical_replication_slot('" + name + "', 'pgoutput')");
    return new LogSlot(database, name);
  }

  /** A transactional message with the prefix {@code outbox}. */
  public record Message(byte[] content) {

    /** The first line. */
    public String head() {
      int end = endOfHead();
      return new String(content, 0, end, UTF_8);
    }

    /** What is behind the first line and its end, in hexadecimal; "none" without such an end. */
    public String payload() {
      int end = endOfHead();
      return end == content.length
          ? "none"
          : HexFormat.of().formatHex(content, end + 1, content.length);
    }

    private int endOfHead() {
      int end = 0;
      while (end < content.length && content[end] != '\n') {
        end++;
      }
      return end;
    }
  }

  /** All messages so far, in commit order. */
  public List<Message> messages() throws SQLException {
    List<Message> messages = new ArrayList<>();
    try (Connection connection = database.administrator().getConnection();
        Statement statement = connection.createStatement();
        ResultSet changes =
            statement.executeQuery(
                """
                select data from pg_logical_slot_peek_binary_changes('%s', null, null,
                  'proto_version', '1', 'publication_names', '%s', 'messages', 'true')
                """
                    .formatted(name, name))) {
      while (changes.next()) {
        ByteBuffer change = ByteBuffer.wrap(changes.getBytes(1));
        if (change.get(0) == 'M' && change.get(FLAGS_AT) == 1) {
          change.position(PREFIX_AT);
          StringBuilder prefix = new StringBuilder();
          for (byte b = change.get(); b != 0; b = change.get()) {
            prefix.append((char) b);
          }
          byte[] content = new byte[change.getInt()];
          change.get(content);
          if (prefix.toString().equals("outbox")) {
            messages.add(new Message(content));
          }
        }
      }
    }
    return messages;
  }

  @Override
  public void close() throws SQLException {
    database.execute("select pg_drop_replication_slot('" + name + "')");
  }
}
