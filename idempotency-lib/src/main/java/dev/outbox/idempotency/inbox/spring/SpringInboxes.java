package dev.outbox.idempotency.inbox.spring;

import dev.outbox.idempotency.inbox.Inbox;
import dev.outbox.idempotency.inbox.InboxTable;
import javax.sql.DataSource;

/** Makes the inbox of each consumer over the application's data source. */
public final class SpringInboxes {

  private final InboxTable table;
  private final DataSource dataSource;

  SpringInboxes(InboxTable table, DataSource dataSource) {
    this.table = table;
    this.dataSource = dataSource;
  }

  /**
   * The inbox of this consumer, to be kept and shared.
   *
   * @see Inbox#forConsumer(String, InboxTable)
   */
  public SpringInbox forConsumer(String consumer) {
    return new SpringInbox(Inbox.forConsumer(consumer, table), dataSource);
  }
}
