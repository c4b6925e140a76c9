package dev.outbox.idempotency.inbox.spring;

import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.idempotency.inbox.BatchEffect;
import dev.outbox.idempotency.inbox.Claimed;
import dev.outbox.idempotency.inbox.Effect;
import dev.outbox.idempotency.inbox.EventKey;
import dev.outbox.idempotency.inbox.Inbox;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.UncategorizedSQLException;
import org.springframework.jdbc.support.SQLStateSQLExceptionTranslator;

/**
 * The inbox of one consumer within the running Spring transaction: for a {@code @KafkaListener}, a
 * webhook, or any other method that is {@code @Transactional}. Effects over JDBC, JPA and jOOQ join
 * it. Any number of threads may use one instance.
 */
public final class SpringInbox {

  private static final String TASK = "inbox";

  private final Inbox inbox;
  private final DataSource dataSource;

  SpringInbox(Inbox inbox, DataSource dataSource) {
    this.inbox = inbox;
    this.dataSource = dataSource;
  }

  /**
   * Apply the effect unless this event was seen before.
   *
   * @return true when the effect was applied, false for a repeat
   * @throws TransactionRequiredException when no Spring transaction holds the data source
   * @throws DataAccessException when the database refuses
   * @see Inbox#process
   */
  public <E extends Exception> boolean process(EventKey key, Effect<E> effect) throws E {
    return processBatch(List.of(key), index -> effect.apply()).isNew(0);
  }

  /**
   * Apply the effect of each event of the batch that was not seen before.
   *
   * @throws TransactionRequiredException when no Spring transaction holds the data source
   * @throws DataAccessException when the database refuses
   * @see Inbox#processBatch
   */
  public <E extends Exception> Claimed processBatch(List<EventKey> keys, BatchEffect<E> effect)
      throws E {
    try {
      return inbox.processBatch(BoundConnection.of(dataSource), keys, effect);
    } catch (SQLException e) {
      // Unchecked, because Spring commits after a checked one.
      DataAccessException translated =
          new SQLStateSQLExceptionTranslator().translate(TASK, null, e);
      throw translated != null ? translated : new UncategorizedSQLException(TASK, null, e);
    }
  }
}
