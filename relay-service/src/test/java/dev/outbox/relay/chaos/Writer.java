package dev.outbox.relay.chaos;

import dev.outbox.relay.support.OutboxDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.stream.IntStream;

/**
 * Writes transactions of one or many events, short and long ones, of one or several aggregates, and
 * rolls some back. The row of an aggregate is locked from the first event to the commit, so the
 * numbers of its events are their commit order.
 */
final class Writer implements Callable<Void> {

  private static final int AGGREGATES_PER_TYPE = 20;

  /** Type and number: the type is the topic. */
  static final List<String> AGGREGATES =
      TopicWatch.TYPES.stream()
          .flatMap(
              type -> IntStream.range(0, AGGREGATES_PER_TYPE).mapToObj(index -> type + "-" + index))
          .toList();

  private static final int MEAN_PAUSE_MILLIS = 60;
  private static final int LONG_MILLIS = 1_500;
  private static final int RECONNECT_MILLIS = 200;
  private static final int MANY_EVENTS = 300;
  private static final int LARGE_PAYLOAD = 40_000;

  private final OutboxDatabase database;
  private final Random random;
  private final Lock gate;
  private final Map<String, Long> commitMillis;

  Writer(OutboxDatabase database, Random random, Lock gate, Map<String, Long> commitMillis) {
    this.database = database;
    this.random = random;
    this.gate = gate;
    this.commitMillis = commitMillis;
  }

  /** Writes until it is interrupted. */
  @Override
  public Void call() throws InterruptedException {
    while (true) {
      try (Connection connection =
          database.server().connect(database.slot(), database.roles().service())) {
        connection.setAutoCommit(false);
        while (true) {
          transaction(connection);
          TimeUnit.MILLISECONDS.sleep(random.nextInt(2 * MEAN_PAUSE_MILLIS));
        }
      } catch (SQLException serverIsAway) {
        TimeUnit.MILLISECONDS.sleep(RECONNECT_MILLIS);
      }
    }
  }

  private void transaction(Connection connection) throws SQLException, InterruptedException {
    gate.lockInterruptibly();
    try {
      List<String> ids = new ArrayList<>();
      boolean takesLong = oneIn(40);
      for (String aggregate : aggregates()) {
        append(connection, aggregate, oneIn(300) ? MANY_EVENTS : 1 + random.nextInt(3), ids);
        if (takesLong) {
          TimeUnit.MILLISECONDS.sleep(random.nextInt(LONG_MILLIS));
        }
      }
      if (oneIn(10)) {
        connection.rollback();
      } else {
        connection.commit();
        long now = System.currentTimeMillis();
        ids.forEach(id -> commitMillis.put(id, now));
      }
    } finally {
      gate.unlock();
    }
  }

  /** In one order for all writers, or they would wait for each other for ever. */
  private SortedSet<String> aggregates() {
    int many = oneIn(4) ? 3 : 1;
    SortedSet<String> chosen = new TreeSet<>();
    while (chosen.size() < many) {
      chosen.add(AGGREGATES.get(random.nextInt(AGGREGATES.size())));
    }
    return chosen;
  }

  private void append(Connection connection, String aggregate, int events, List<String> ids)
      throws SQLException {
    long number = count(connection, aggregate, events) - events;
    try (PreparedStatement insert =
        connection.prepareStatement(
            """
            insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
            values (?::uuid, ?, ?, 'Changed', convert_to(?, 'UTF8'))
            """)) {
      for (int i = 1; i <= events; i++) {
        String id = UUID.randomUUID().toString();
        ids.add(id);
        insert.setString(1, id);
        insert.setString(2, TopicWatch.type(aggregate));
        insert.setString(3, aggregate);
        insert.setString(4, number + i + " " + filler());
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  private static long count(Connection connection, String aggregate, int events)
      throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "update aggregate set number = number + ? where id = ? returning number")) {
      update.setInt(1, events);
      update.setString(2, aggregate);
      try (ResultSet result = update.executeQuery()) {
        result.next();
        return result.getLong(1);
      }
    }
  }

  private String filler() {
    return "x".repeat(random.nextInt(oneIn(100) ? LARGE_PAYLOAD : 400));
  }

  private boolean oneIn(int many) {
    return random.nextInt(many) == 0;
  }
}
