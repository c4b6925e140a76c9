package dev.outbox.relay.source.debezium;

import dev.outbox.relay.source.LogItems;
import dev.outbox.relay.source.SourceItem;
import io.debezium.data.Envelope;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * From Debezium's record to an item. Records must come in the order in which the engine delivers
 * them, all of them, on one thread.
 */
final class RecordDecoder {

  private static final String COMMIT_LSN = "lsn_commit";
  private static final String MESSAGE = "message";

  private final String tickTopic;
  private final LogItems items;

  /**
   * A decoder for one run.
   *
   * @param tickTopic topic of the records that say nothing but that the engine is there
   */
  RecordDecoder(String tickTopic, LogItems items) {
    this.tickTopic = tickTopic;
    this.items = items;
  }

  SourceItem decode(SourceRecord record) {
    // Debezium hands out the end of the last commit before the record's transaction. It has none
    // until the first commit after a start.
    if (record.sourceOffset().get(COMMIT_LSN) instanceof Long commit) {
      items.behindCommit(commit);
    }
    if (record.topic().equals(tickTopic)) {
      return items.progress();
    }
    if (!(record.value() instanceof Struct value)) {
      return items.ignored();
    }
    if (value.schema().field(MESSAGE) != null) {
      return decodeMessage(value);
    }
    if (value.schema().field(Envelope.FieldName.AFTER) == null) {
      return items.ignored();
    }
    Struct row = value.getStruct(Envelope.FieldName.AFTER);
    if (row == null) {
      return items.rowWithoutContent("the change carries no row");
    }
    return items.row(
        row.getString("id"),
        row.getString("aggregatetype"),
        row.getString("aggregateid"),
        row.getString("type"),
        bytes(row.get("payload")),
        row.getString("headers"),
        committedAt(value));
  }

  private SourceItem decodeMessage(Struct value) {
    Struct message = value.getStruct(MESSAGE);
    String prefix = message.getString("prefix");
    return message.get("content") instanceof ByteBuffer content
        ? items.message(
            prefix,
            content,
            value.getStruct(Envelope.FieldName.SOURCE).getInt64("txId") != null,
            committedAt(value))
        : items.ignored();
  }

  private static byte @Nullable [] bytes(@Nullable Object payload) {
    if (payload instanceof byte[] array) {
      return array;
    }
    if (payload instanceof ByteBuffer buffer) {
      byte[] copy = new byte[buffer.remaining()];
      buffer.duplicate().get(copy);
      return copy;
    }
    return null;
  }

  private static Instant committedAt(Struct value) {
    Long micros = value.getStruct(Envelope.FieldName.SOURCE).getInt64("ts_us");
    return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
  }
}
