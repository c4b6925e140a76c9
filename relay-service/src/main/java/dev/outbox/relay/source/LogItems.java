package dev.outbox.relay.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.source.SourceItem.Control;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.SourceItem.Ignored;
import dev.outbox.relay.source.SourceItem.Progress;
import dev.outbox.relay.source.SourceItem.Undecodable;
import java.nio.ByteBuffer;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stands in the log becomes items with positions, the same whichever engine reads it.
 * Positions are counted, so an engine must tell everything, in the order of the log. One instance
 * serves one run; for one thread.
 */
public final class LogItems {

  private static final Logger LOG = LoggerFactory.getLogger(LogItems.class);

  private final int epoch;
  private final EventMessages messages;
  private long transaction;
  private int nextIndex;
  private boolean toldOfMessageWithoutTransaction;

  /**
   * @param start where the slot stands: the end of the commit before the first transaction
   * @param messages reads the events that come as logical messages
   */
  public LogItems(SlotStart start, EventMessages messages) {
    this.epoch = start.epoch();
    this.transaction = start.confirmedLsn();
    this.messages = messages;
  }

  /**
   * What comes from now on stands behind the commit that ends here; nothing changes if it did
   * before.
   */
  public void behindCommit(long endLsn) {
    if (endLsn != transaction) {
      transaction = endLsn;
      nextIndex = 0;
    }
  }

  /** Nothing but that the log has been delivered this far. */
  public SourceItem progress() {
    return new Progress(transaction);
  }

  /** Something that concerns no relay. */
  public SourceItem ignored() {
    return new Ignored(transaction);
  }

  /** Something among rows that carries none. */
  public SourceItem rowWithoutContent(String reason) {
    return new Undecodable(
        nextPosition(), "a row without content", reason, null, null, null, null, null, null);
  }

  /** A row of the outbox table, with what its columns hold. */
  public SourceItem row(
      @Nullable String id,
      @Nullable String aggregateType,
      @Nullable String aggregateId,
      @Nullable String type,
      byte @Nullable [] payload,
      @Nullable String headers,
      Instant committedAt) {
    if (id == null || aggregateType == null || aggregateId == null || type == null) {
      return unreadableRow(
          "id, aggregatetype, aggregateid and type must not be null",
          id,
          aggregateType,
          aggregateId,
          type,
          payload,
          headers);
    }
    return new Decoded(
        new OutboxEvent(
            id, aggregateType, aggregateId, type, payload, headers, committedAt, nextPosition()));
  }

  /**
   * A row of the outbox table that is no event.
   *
   * @param reason what is wrong with it
   */
  public SourceItem unreadableRow(
      String reason,
      @Nullable String id,
      @Nullable String aggregateType,
      @Nullable String aggregateId,
      @Nullable String type,
      byte @Nullable [] payload,
      @Nullable String headers) {
    return new Undecodable(
        nextPosition(),
        id == null ? "a row without id" : "row " + id,
        reason,
        id,
        aggregateType,
        aggregateId,
        type,
        payload,
        headers);
  }

  private SourcePosition nextPosition() {
    return new SourcePosition(epoch, transaction, nextIndex++);
  }

  /**
   * A logical message.
   *
   * @param content what it carries; not changed
   * @param transactional whether it belongs to a transaction
   */
  public SourceItem message(
      String prefix, ByteBuffer content, boolean transactional, Instant committedAt) {
    boolean event = EventMessages.PREFIX.equals(prefix);
    if (!event && !ControlMessages.PREFIX.equals(prefix)) {
      return ignored();
    }
    if (!transactional) {
      return passWithoutTransaction(prefix);
    }
    SourcePosition position = new SourcePosition(epoch, transaction, nextIndex);
    if (event) {
      SourceItem item = messages.read(content, committedAt, position);
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
   * back. It has no position either: the server delivers it between two commits, its LSN counts as
   * the end of a commit, and the next transaction is counted from there, also when it is read again
   * without the message before it.
   */
  private SourceItem passWithoutTransaction(String prefix) {
    if (!toldOfMessageWithoutTransaction) {
      toldOfMessageWithoutTransaction = true;
      LOG.atWarn()
          .addKeyValue("prefix", prefix)
          .addKeyValue("lsn", Long.toHexString(transaction))
          .log(
              "A logical message without transaction is passed by, like all further ones; write"
                  + " them with pg_logical_emit_message(true, …)");
    }
    return ignored();
  }
}
