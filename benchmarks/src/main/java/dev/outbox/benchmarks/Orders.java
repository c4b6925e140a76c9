package dev.outbox.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.ThreadLocalRandom;

/** The business whose transactions write events: an order, its lines, and its customer's total. */
final class Orders {

  private static final int CUSTOMERS = 10_000;
  private static final int LINES = 3;

  private Orders() {}

  static void createTables(Database database) {
    database.execute(
        """
        create table customer (
          id bigint primary key, ordered bigint not null default 0);
        create table customer_order (
          id bigint generated always as identity primary key,
          customer bigint not null,
          placed_at timestamptz not null default now());
        create table order_line (
          customer_order bigint not null,
          line int not null,
          sku text not null,
          quantity int not null,
          primary key (customer_order, line));
        insert into customer (id) select generate_series(1, %d);
        """
            .formatted(CUSTOMERS));
  }

  /**
   * Places an order in the connection's transaction, with three statements as prepared as the
   * driver keeps them.
   *
   * @return its number
   */
  static long place(Connection connection) throws SQLException {
    long customer = ThreadLocalRandom.current().nextLong(CUSTOMERS) + 1;
    long order = insertOrder(connection, customer);
    try (PreparedStatement line =
        connection.prepareStatement("insert into order_line values (?, ?, ?, ?)")) {
      for (int i = 1; i <= LINES; i++) {
        line.setLong(1, order);
        line.setInt(2, i);
        line.setString(3, "sku-" + i);
        line.setInt(4, i);
        line.addBatch();
      }
      line.executeBatch();
    }
    try (PreparedStatement update =
        connection.prepareStatement("update customer set ordered = ordered + ? where id = ?")) {
      update.setInt(1, LINES);
      update.setLong(2, customer);
      update.executeUpdate();
    }
    return order;
  }

  private static long insertOrder(Connection connection, long customer) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into customer_order (customer) values (?) returning id")) {
      insert.setLong(1, customer);
      try (ResultSet id = insert.executeQuery()) {
        id.next();
        return id.getLong(1);
      }
    }
  }
}
