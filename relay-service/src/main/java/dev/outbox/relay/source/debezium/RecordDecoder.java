package dev.outbox.relay.source.debezium;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.source.ControlMessages;
import dev.outbox.relay.source.EventMessages;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.source.SourceItem;
import dev.outbox.relay.source.SourceItem.Control;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.SourceItem.Ignored;
import dev.outbox.relay.source.SourceItem.Progress;
import dev.outbox.relay.source.SourceItem.Undecodable;
import io.debezium.data.Envelope;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From Debezium's record to an event with its position. Positions are counted, so records must come
 * in the order in which the engine delivers them, all of them, on one thread.
 */
final class RecordDecoder {

  private static final Logger LOG = LoggerFactory.getLogger(RecordDecoder.class);

  private static final String COMMIT_LSN = "lsn_commit";
  private static final String MESSAGE = "message";

  private final int epoch;
  private final String tickTopic;
  private final EventMessages messages;
  private long transaction;
  private int nextIndex;
  private boolean toldOfMessageWithoutTransaction;

  /**
   * A decoder for one run.
   *
   * @param tickTopic topic of the records that say nothing but that the engine is there
   * @param messages reads the events that come as logical messages
   */
  RecordDecoder(SlotStart start, String tickTopic, EventMessages messages) {
    this.tickTopic = tickTopic;
    this.messages = messages;
    this.epoch = start.epoch();
    this.transaction = start.confirmedLsn();
  }

  SourceItem decode(SourceRecord record) {
    enterTransaction(record);
    if (record.topic().equals(tickTopic)) {
      return new Progress(transaction);
    }
    if (!(record.value() instanceof Struct value)) {
      return new Ignored(transaction);
    }
    if (value.schema().field(MESSAGE) != null) {
      return decodeMessage(value);
    }
    if (value.schema().field(Envelope.FieldName.AFTER) == null) {
      return new Ignored(transaction);
    }
    SourcePosition position = new SourcePosition(epoch, transaction, nextIndex++);
    Struct row = value.getStruct(Envelope.FieldName.AFTER);
    if (row == null) {
      return undecodable(position, "a row without content", "the change carries no row");
    }
    String id = row.getString("id");
    String aggregateType = row.getString("aggregatetype");
    String aggregateId = row.getString("aggregateid");
    String type = row.getString("type");
    if (id == null || aggregateType == null || aggregateId == null || type == null) {
      return new Undecodable(
          position,
          id == null ? "a row without id" : "row " + id,
          "id, aggregatetype, aggregateid and type must not be null",
          id,
          aggregateType,
          aggregateId,
          type,
          bytes(row.get("payload")),
          row.getString("headers"));
    }
    return new Decoded(
        new OutboxEvent(
            id,
            aggregateType,
            aggregateId,
            type,
            bytes(row.get("payload")),
            row.getString("headers"),
            committedAt(value),
            position));
  }

  private SourceItem decodeMessage(Struct value) {
    Struct message = value.getStruct(MESSAGE);
    String prefix = message.getString("prefix");
    boolean event = EventMessages.PREFIX.equals(prefix);
    if (!(event || ControlMessages.PREFIX.equals(prefix))
        || !(message.get("content") instanceof ByteBuffer content)) {
      return new Ignored(transaction);
    }
    if (value.getStruct(Envelope.FieldName.SOURCE).getInt64("txId") == null) {
      return passWithoutTransaction(prefix);
    }
    SourcePosition position = new SourcePosition(epoch, transaction, nextIndex);
    if (event) {
      SourceItem item = messages.read(content, committedAt(value), position);
      if (!(item instanceof Ignored)) {
        nextIndex++;
      }
      return item;
    }
    nextIndex += SourcePosition.CONTROL_SPAN;
    return new Control(position, UTF_8.decode(content.duplicate()).toString());
  }

  /**
   * A message without a transaction would be published although the business change was rolled
   * back. It has no position either: the server delivers it between two commits, Debezium takes its
   * LSN for the end of a commit, and the next transaction is counted from there, also when it is
   * read again without the message before it.
   */
  private Ignored passWithoutTransaction(String prefix) {
    if (!toldOfMessageWithoutTransaction) {
      toldOfMessageWithoutTransaction = true;
      LOG.atWarn()
          .addKeyValue("prefix", prefix)
          .addKeyValue("lsn", Long.toHexString(transaction))
          .log(
              "A logical message without transaction is passed by, like all further ones; write"
                  + " them with pg_logical_emit_message(true, …)");
    }
    return new Ignored(transaction);
  }

  /**
   * Debezium hands out the end of the last commit before the record's transaction. It has none
   * until the first commit after a start; the slot's confirmed position, itself the end of a
   * commit, is that value then.
   */
  private void enterTransaction(SourceRecord record) {
    Object commit = record.sourceOffset().get(COMMIT_LSN);
    if (commit instanceof Long lsn && lsn != transaction) {
      transaction = lsn;
      nextIndex = 0;
    }
  }

  private static Undecodable undecodable(SourcePosition position, String subject, String reason) {
    return new Undecodable(position, subject, reason, null, null, null, null, null, null);
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
