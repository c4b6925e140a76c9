package dev.outbox.idempotency.inbox;

import java.sql.Connection;

/** Applies one event that the consumer has not seen before. */
@FunctionalInterface
public interface EventHandler {

  /**
   * Apply the event's effect over this connection, in the transaction that also holds its marker.
   *
   * <p>Called one event at a time in the order of each partition, and with {@link
   * InboxRunnerBuilder#concurrency} above 1 for several partitions at once, by any thread. What
   * leaves the database from here (a mail, a call to another service) is not undone with the
   * transaction and may happen again.
   *
   * @param connection inside the transaction of the polled batch; do not commit, roll back or close
   *     it
   * @throws Exception to have the batch rolled back and this event tried again after a wait, or
   *     given up, as the {@link FailurePolicy} says
   */
  void handle(Connection connection, ReceivedEvent event) throws Exception;
}
