package dev.outbox.benchmarks;

import dev.outbox.idempotency.inbox.Claimed;
import dev.outbox.idempotency.inbox.EventKey;
import dev.outbox.idempotency.inbox.Inbox;
import dev.outbox.idempotency.inbox.InboxTable;
import dev.outbox.idempotency.inbox.PositionInbox;
import dev.outbox.idempotency.inbox.RecordPosition;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import javax.sql.DataSource;

/**
 * A consumer's batches, each in one transaction: a row of business for each new event, sent as one
 * JDBC batch. Event IDs grow, as those of the writer library do. For one thread.
 */
final class Consumption {

  private static final String CONSUMER = "stock";
  private static final String SOURCE = "orders";
  private static final String TOPIC = "outbox.event.Order";

  /** First half of the IDs of events that were applied before the measurement. */
  private static final long BEFORE = 0;

  /** First half of the IDs of new events, which come behind those in the index. */
  private static final long NEW = 1;

  private final DataSource dataSource;
  private final int batchSize;
  private final long before;
  private long next;
  private long nextRedelivered;

  /**
   * @param batchSize events of a batch
   * @param before how many events' markers {@link #fill} has written
   * @param first number of the first new event
   */
  Consumption(DataSource dataSource, int batchSize, long before, long first) {
    this.dataSource = dataSource;
    this.batchSize = batchSize;
    this.before = before;
    this.next = first;
  }

  static void createTable(Database database) {
    database.execute("create table stock_movement (event uuid not null, quantity int not null)");
  }

  /** Writes the markers of so many events that were applied before. */
  static void fill(Database database, InboxTable table, long events) {
    database.execute(
        """
        insert into %s (consumer, source, event_id)
        select '%s', '%s', lpad(to_hex(n), 32, '0')::uuid::text from generate_series(1, %d) n
        """
            .formatted(table.name(), CONSUMER, SOURCE, events));
    database.tidy(table.name());
  }

  static Inbox inbox(InboxTable table) {
    return Inbox.forConsumer(CONSUMER, table);
  }

  static PositionInbox positions() {
    return PositionInbox.forConsumer(CONSUMER);
  }

  /** The number of the next new event. */
  long next() {
    return next;
  }

  /** A batch of new events without inbox. */
  void applyWithoutInbox() throws SQLException {
    List<EventKey> keys = newKeys();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement effects = effects(connection)) {
      for (EventKey key : keys) {
        add(effects, key);
      }
      effects.executeBatch();
      connection.commit();
    }
  }

  /** A batch of new events. */
  void applyNew(Inbox inbox) throws SQLException {
    apply(inbox, newKeys(), 0);
  }

  /** A batch of events that were applied before, from the oldest on. */
  void applyRedelivered(Inbox inbox) throws SQLException {
    apply(inbox, redeliveredKeys(), batchSize);
  }

  /** A batch of new events, recognised by their positions on one partition. */
  void applyByPosition(PositionInbox inbox) throws SQLException {
    List<EventKey> keys = newKeys();
    List<RecordPosition> positions =
        LongStream.range(next - batchSize, next).mapToObj(Consumption::position).toList();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement effects = effects(connection)) {
      Claimed claimed =
          inbox.processBatch(connection, positions, index -> add(effects, keys.get(index)));
      effects.executeBatch();
      commit(connection, claimed, 0);
    }
  }

  private static RecordPosition position(long number) {
    return new RecordPosition(TOPIC, 0, SOURCE, "%08x-%016x-%08x".formatted(1, number, 0), false);
  }

  private static void commit(Connection connection, Claimed claimed, int repeats)
      throws SQLException {
    connection.commit();
    if (claimed.repeats() != repeats) {
      throw new BenchmarkException(
          "%d repeats in a batch, there should be %d".formatted(claimed.repeats(), repeats));
    }
  }

  private void apply(Inbox inbox, List<EventKey> keys, int repeats) throws SQLException {
    try (Connection connection = dataSource.getConnection();
        PreparedStatement effects = effects(connection)) {
      Claimed claimed =
          inbox.processBatch(connection, keys, index -> add(effects, keys.get(index)));
      effects.executeBatch();
      commit(connection, claimed, repeats);
    }
  }

  private static PreparedStatement effects(Connection connection) throws SQLException {
    return connection.prepareStatement("insert into stock_movement values (?::uuid, 1)");
  }

  private static void add(PreparedStatement effects, EventKey key) throws SQLException {
    effects.setString(1, key.id());
    effects.addBatch();
  }

  private List<EventKey> newKeys() {
    long first = next;
    next += batchSize;
    return LongStream.range(first, next).mapToObj(n -> key(NEW, n)).toList();
  }

  private List<EventKey> redeliveredKeys() {
    long first = nextRedelivered;
    nextRedelivered = (first + batchSize) % before;
    return LongStream.range(first, first + batchSize)
        .mapToObj(n -> key(BEFORE, n % before + 1))
        .toList();
  }

  private static EventKey key(long half, long number) {
    return new EventKey(SOURCE, new UUID(half, number).toString());
  }
}
