package dev.outbox.idempotency.http;

import static dev.outbox.idempotency.http.Requests.utf8;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.PostgresServer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A service that nothing but the idempotency key keeps from placing an order twice. */
final class OrderService {

  private static @Nullable TestDatabase shared;
  private static int sharedOn;

  private OrderService() {}

  /**
   * A database with the records of the keys, orders and the outbox, all empty. One for all tests on
   * a server, which run one after the other: making one takes longer than most of them.
   */
  static synchronized TestDatabase database(PostgresServer postgres) throws SQLException {
    TestDatabase made = shared;
    if (made == null || sharedOn != postgres.port()) {
      made = create(postgres);
      shared = made;
      sharedOn = postgres.port();
    }
    made.execute("truncate idempotency_key, customer_order, outbox_event, effect restart identity");
    return made;
  }

  private static TestDatabase create(PostgresServer postgres) throws SQLException {
    TestDatabase database = TestDatabase.withEffects(postgres);
    database.applyPublished("idempotency_key", "outbox_event");
    database.execute(
        "create table customer_order (id bigint generated always as identity, item text)");
    return database;
  }

  /** Write order and event, and tell the order's number. */
  static StoredResponse place(Connection connection, String item, String intent)
      throws SQLException {
    long id = insertOrder(connection, item);
    insertEvent(connection, id, intent);
    return Requests.created("{\"order\":%d,\"item\":\"%s\"}".formatted(id, item));
  }

  static long insertOrder(Connection connection, String item) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement("insert into customer_order (item) values (?) returning id")) {
      insert.setString(1, item);
      try (ResultSet row = insert.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  /** The event's ID follows from the intent, so that a repeat of the intent is a repeat of it. */
  static void insertEvent(Connection connection, long order, String intent) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            """
            insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
            values (?, 'Order', ?, 'OrderPlaced', ?)
            """)) {
      insert.setObject(1, UUID.nameUUIDFromBytes(intent.getBytes(StandardCharsets.UTF_8)));
      insert.setString(2, String.valueOf(order));
      insert.setBytes(3, utf8("{}"));
      insert.executeUpdate();
    }
  }

  static List<String> orders(TestDatabase database) throws SQLException {
    return database.query("select item from customer_order order by id");
  }

  static List<String> events(TestDatabase database) throws SQLException {
    return database.query("select id from outbox_event order by seq");
  }
}
