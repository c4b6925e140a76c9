package dev.outbox.idempotency.inbox;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes the markers of one consumer that are older than a window, in bounded batches, each a
 * short transaction of its own. Rows that another instance is removing are passed by, so that every
 * instance may run it. By the database's clock, which also wrote the markers' times.
 *
 * <p>The window is how long a redelivery is recognised: at least what the topics keep, and the
 * longest retry. {@link #checkTopics} compares; a runner that is given a window does so at its
 * start. Needs the privileges {@code DELETE} and {@code UPDATE} on the table (the second to lock a
 * row).
 *
 * <p>All methods may be called from any thread.
 */
public final class InboxRetention implements AutoCloseable {

  static final int DEFAULT_BATCH = 1_000;
  static final Duration DEFAULT_INTERVAL = Duration.ofMinutes(1);

  private static final Logger log = LoggerFactory.getLogger(InboxRetention.class);

  private final String consumer;
  private final InboxTransactions transactions;
  private final Duration window;
  private final int batch;
  private final Duration interval;
  private final String deleteSql;
  private final CountDownLatch stop = new CountDownLatch(1);
  private final Thread thread;

  private InboxRetention(
      String consumer,
      InboxTransactions transactions,
      InboxTable table,
      Duration window,
      int batch,
      Duration interval) {
    MarkerText.check("consumer", consumer, MarkerText.LONGEST_CONSUMER);
    if (window.isNegative() || window.isZero()) {
      throw new IllegalArgumentException(
          "The retention of consumer '%s' is %s; it must be positive".formatted(consumer, window));
    }
    this.consumer = consumer;
    this.transactions = transactions;
    this.window = window;
    this.batch = batch;
    this.interval = interval;
    // "materialized": else the plan may look for the batch once for each row it deletes.
    this.deleteSql =
        """
        with expired as materialized (
          select consumer, source, event_id from %1$s
          where consumer = ? and processed_at < now() - make_interval(secs => ?)
          order by processed_at
          limit ?
          for update skip locked)
        delete from %1$s i using expired e
        where i.consumer = e.consumer and i.source = e.source and i.event_id = e.event_id
        """
            .formatted(table.quoted());
    this.thread = new Thread(this::run, "inbox-retention-" + consumer);
    thread.setDaemon(true);
  }

  /**
   * The retention of a consumer's markers: 1,000 at a time, every minute once started.
   *
   * @param consumer whose markers
   * @param transactions of the database of the markers
   * @param table where they are
   * @param window how old a marker gets
   */
  public static InboxRetention of(
      String consumer, InboxTransactions transactions, InboxTable table, Duration window) {
    return new InboxRetention(
        consumer, transactions, table, window, DEFAULT_BATCH, DEFAULT_INTERVAL);
  }

  /** The same window, with other batches and pauses between looks. */
  static InboxRetention of(
      String consumer,
      InboxTransactions transactions,
      InboxTable table,
      Duration window,
      int batch,
      Duration interval) {
    return new InboxRetention(consumer, transactions, table, window, batch, interval);
  }

  /**
   * Compares the window with what the topics keep.
   *
   * @param kafka how to reach the cluster, {@code bootstrap.servers} at least
   * @param longestRetry how long a delivery may be tried again
   * @throws RetentionTooShortException naming both values of each topic, and the remedy
   * @throws Exception when Kafka cannot be asked
   */
  public void checkTopics(Map<String, ?> kafka, Collection<String> topics, Duration longestRetry)
      throws Exception {
    TopicRetention.check(kafka, topics, window, longestRetry, consumer);
  }

  /** Starts removing in a thread of its own, until {@link #close}. */
  public void start() {
    thread.start();
  }

  /**
   * Removes all markers that are expired now.
   *
   * @return how many
   * @throws Exception when the database refuses; what was removed before is
   */
  public long deleteExpired() throws Exception {
    long total = 0;
    int[] deleted = new int[1];
    do {
      transactions.inTransaction(connection -> deleted[0] = deleteBatch(connection));
      total += deleted[0];
    } while (deleted[0] == batch && stop.getCount() > 0);
    return total;
  }

  private int deleteBatch(Connection connection) throws SQLException {
    try (PreparedStatement delete = connection.prepareStatement(deleteSql)) {
      delete.setString(1, consumer);
      delete.setDouble(2, window.toMillis() / 1000.0);
      delete.setInt(3, batch);
      return delete.executeUpdate();
    }
  }

  private void run() {
    try {
      do {
        deleteAndTell();
      } while (!stop.await(interval.toNanos(), TimeUnit.NANOSECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void deleteAndTell() {
    try {
      long deleted = deleteExpired();
      log.atDebug()
          .addKeyValue("consumer", consumer)
          .addKeyValue("deleted", deleted)
          .log("Expired markers removed");
    } catch (Exception e) {
      // Whatever it is, the next look may succeed; markers that stay longer do no harm.
      log.atWarn()
          .addKeyValue("consumer", consumer)
          .addKeyValue("error", e.getClass().getName())
          .addKeyValue("sqlState", FailureLog.sqlState(e).orElse("none"))
          .log(
              "Expired markers not removed, trying again; the user needs DELETE and UPDATE on the"
                  + " inbox table");
    }
  }

  /** Stops after the batch in hand. */
  @Override
  public void close() {
    stop.countDown();
  }
}
