package dev.outbox.relay.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.config.Shard;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.SourceItem.Ignored;
import dev.outbox.relay.source.SourceItem.Undecodable;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.Instant;

/**
 * Events that travel as logical messages instead of rows. The content is a line of JSON with the
 * row's columns and the address, and behind its end the payload as it is; without an end of line
 * there is no payload. Immutable.
 */
public final class EventMessages {

  /** Prefix of the logical messages that carry events. */
  public static final String PREFIX = "outbox";

  private static final byte END_OF_LINE = '\n';

  private final String address;
  private final Shard shard;

  /**
   * @param table the relay's outbox table: messages that name another are for another relay
   * @param shard messages are in the log of every shard; those of other aggregates are passed by
   */
  public EventMessages(TableName table, Shard shard) {
    this.address = table.toString();
    this.shard = shard;
  }

  /**
   * The event of a message, or what is wrong with it. Of a message that nobody can read, nobody
   * knows whose it is, so it is every relay's.
   *
   * @param content what the message carries; not changed
   * @param position where the message stands
   */
  public SourceItem read(ByteBuffer content, Instant committedAt, SourcePosition position) {
    int end = content.position();
    while (end < content.limit() && content.get(end) != END_OF_LINE) {
      end++;
    }
    EventLine line;
    try {
      ByteBuffer head = content.slice(content.position(), end - content.position());
      line = EventLine.parse(UTF_8.newDecoder().decode(head).toString());
    } catch (CharacterCodingException e) {
      line = EventLine.unreadable("its first line is not UTF-8");
    }
    if (line.isAddressedElsewhere(address) || !shard.owns(line.find(EventLine.AGGREGATE_ID))) {
      return new Ignored(position.transaction());
    }
    String problem = line.problem();
    if (problem != null) {
      return malformed(line, problem, bytes(content, content.position()), position);
    }
    return new Decoded(
        new OutboxEvent(
            line.get(EventLine.ID),
            line.get(EventLine.AGGREGATE_TYPE),
            line.get(EventLine.AGGREGATE_ID),
            line.get(EventLine.TYPE),
            end == content.limit() ? null : bytes(content, end + 1),
            line.headers(),
            committedAt,
            position));
  }

  /** Without type, and with the whole content, so that nobody publishes what is left of it. */
  private static Undecodable malformed(
      EventLine line, String problem, byte[] content, SourcePosition position) {
    return new Undecodable(
        position,
        line.subject(),
        problem,
        line.find(EventLine.ID),
        line.find(EventLine.AGGREGATE_TYPE),
        line.find(EventLine.AGGREGATE_ID),
        null,
        content,
        null);
  }

  private static byte[] bytes(ByteBuffer content, int start) {
    byte[] bytes = new byte[content.limit() - start];
    content.get(start, bytes);
    return bytes;
  }
}
