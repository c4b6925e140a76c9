package dev.outbox.benchmarks;

import dev.outbox.benchmarks.Capacity.Room;
import dev.outbox.benchmarks.Capacity.Strategy;
import dev.outbox.benchmarks.Slices.Outcome;
import dev.outbox.benchmarks.Slices.Variant;
import dev.outbox.benchmarks.Slices.Work;
import dev.outbox.idempotency.http.redis.RedisIdempotencyStore;
import dev.outbox.idempotency.inbox.EventKey;
import dev.outbox.idempotency.inbox.Inbox;
import dev.outbox.idempotency.inbox.PositionInbox;
import dev.outbox.idempotency.inbox.RecordPosition;
import dev.outbox.local.LocalRedis;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import javax.sql.DataSource;

/** The ways to recognise repeats, each measured by itself, without any business beside it. */
final class Strategies {

  private static final String CONSUMER = "stock";
  private static final String SOURCE = "orders";
  private static final int BATCH = 100;

  private final Database database;
  private final DataSource dataSource;
  private final Slices slices;
  private final AtomicLong next = new AtomicLong();
  private final AtomicInteger partitions = new AtomicInteger();
  private final ThreadLocal<Integer> partition =
      ThreadLocal.withInitial(partitions::getAndIncrement);

  /**
   * @param database without tables of the idempotency library
   */
  Strategies(Database database, DataSource dataSource, Slices slices) {
    this.database = database;
    this.dataSource = dataSource;
    this.slices = slices;
  }

  List<Strategy> measure() {
    database.apply("inbox_event.sql");
    database.apply("inbox_position.sql");
    KeyedOrders.createTables(database, 0);
    Inbox inbox = Inbox.forConsumer(CONSUMER);
    PositionInbox positions = PositionInbox.forConsumer(CONSUMER);
    try (KeyedOrders requests = KeyedOrders.withEmptyTable(dataSource)) {
      return List.of(
          measure(
              "inbox, a marker for each event, batches of " + BATCH,
              "inbox_event",
              BATCH,
              () -> mark(inbox)),
          withoutGrowth(
              measure(
                  "inbox by position, batches of " + BATCH,
                  "inbox_position",
                  BATCH,
                  () -> mark(positions))),
          measure(
              "idempotency key with an answer of %d bytes, atomic"
                  .formatted(OrderPlaced.JSON_BYTES),
              "idempotency_key",
              1,
              requests::answer),
          measureRedis());
    }
  }

  private Strategy measureRedis() {
    RedisClient client = RedisClient.create();
    try (LocalRedis server = LocalRedis.started();
        RedisIdempotencyStore store =
            RedisIdempotencyStore.at(client, RedisURI.create("localhost", server.port()));
        KeyedOrders requests = KeyedOrders.with(dataSource, store);
        StatefulRedisConnection<String, String> asking =
            client.connect(RedisURI.create("localhost", server.port()))) {
      long before = usedMemory(asking);
      Outcome outcome =
          slices.run(List.of(new Variant("keys in Redis", requests::answerReserved))).get(0);
      return new Strategy(
          "idempotency key in Redis, the same answer, reserved",
          Room.MEMORY,
          (usedMemory(asking) - before) / (double) asking.sync().dbsize(),
          0,
          outcome.perSecond());
    } finally {
      client.shutdown();
    }
  }

  private static long usedMemory(StatefulRedisConnection<String, String> redis) {
    return redis
        .sync()
        .info("memory")
        .lines()
        .filter(line -> line.startsWith("used_memory:"))
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
        .findFirst()
        .orElseThrow();
  }

  private void mark(Inbox inbox) throws SQLException {
    List<EventKey> keys =
        batch().mapToObj(n -> new EventKey(SOURCE, new UUID(1, n).toString())).toList();
    try (Connection connection = dataSource.getConnection()) {
      requireNew(inbox.claim(connection, keys).repeats());
      connection.commit();
    }
  }

  private void mark(PositionInbox inbox) throws SQLException {
    int own = partition.get();
    List<RecordPosition> positions =
        batch()
            .mapToObj(
                n ->
                    new RecordPosition(
                        "outbox.event.Order",
                        own,
                        SOURCE,
                        "%08x-%016x-%08x".formatted(1, n, 0),
                        false))
            .toList();
    try (Connection connection = dataSource.getConnection()) {
      requireNew(inbox.claim(connection, positions).repeats());
      connection.commit();
    }
  }

  private LongStream batch() {
    long end = next.addAndGet(BATCH);
    return LongStream.range(end - BATCH, end);
  }

  private static void requireNew(int repeats) {
    if (repeats > 0) {
      throw new BenchmarkException("New events were taken for repeats");
    }
  }

  private Strategy measure(String name, String table, int perUnit, Work work) {
    AtomicLong units = new AtomicLong();
    String before = database.query("select pg_current_wal_insert_lsn()");
    Outcome outcome =
        slices
            .run(
                List.of(
                    new Variant(
                        name,
                        () -> {
                          work.run();
                          units.incrementAndGet();
                        })))
            .get(0);
    double entries = units.get() * (double) perUnit;
    String logged = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '%s')".formatted(before);
    double bytesLogged = Double.parseDouble(database.query(logged)) / entries;
    database.tidy(table);
    double bytesKept =
        Double.parseDouble(database.query("select pg_total_relation_size('" + table + "')"))
            / entries;
    return new Strategy(name, Room.DISK, bytesKept, bytesLogged, outcome.perSecond() * perUnit);
  }

  /** One row for each partition, however many events. */
  private static Strategy withoutGrowth(Strategy measured) {
    return new Strategy(
        measured.name(), measured.room(), 0, measured.bytesLogged(), measured.perSecond());
  }
}
