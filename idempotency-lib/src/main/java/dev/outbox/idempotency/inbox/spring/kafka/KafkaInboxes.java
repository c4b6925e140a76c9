package dev.outbox.idempotency.inbox.spring.kafka;

import dev.outbox.idempotency.inbox.EventKeys;
import dev.outbox.idempotency.inbox.Inbox;
import dev.outbox.idempotency.inbox.InboxTable;
import dev.outbox.idempotency.inbox.InboxTransactions;
import dev.outbox.idempotency.inbox.PositionInbox;
import javax.sql.DataSource;

/** Makes the inbox of each listener, to be kept and shared. */
public final class KafkaInboxes {

  private final InboxTransactions transactions;
  private final InboxTable table;
  private final DataSource dataSource;

  KafkaInboxes(InboxTransactions transactions, InboxTable table, DataSource dataSource) {
    this.transactions = transactions;
    this.table = table;
    this.dataSource = dataSource;
  }

  /**
   * Recognises events by their id.
   *
   * @see Inbox#forConsumer(String, InboxTable)
   */
  public KafkaInbox forConsumer(String consumer) {
    return forConsumer(consumer, EventKeys.eventId());
  }

  /** Recognises events by these keys. */
  public KafkaInbox forConsumer(String consumer, EventKeys keys) {
    return KafkaInbox.of(transactions, dataSource, Inbox.forConsumer(consumer, table), keys);
  }

  /**
   * Recognises events by the relay's positions, in constant space.
   *
   * @see PositionInbox
   */
  public KafkaInbox byPosition(String consumer) {
    return byPosition(PositionInbox.forConsumer(consumer, table));
  }

  /** The same with marks of your own making, for another answer to new epochs or replays. */
  public KafkaInbox byPosition(PositionInbox marks) {
    return KafkaInbox.of(transactions, dataSource, marks);
  }
}
