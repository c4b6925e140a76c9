package dev.outbox.relay.migration;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.UUID;
import javax.sql.DataSource;

/** The business of a service. */
record Orders(DataSource dataSource) {

  static final String TABLE =
      "create table orders (id uuid primary key, cents int not null, placed_at timestamptz not null default now())";

  /** In a transaction of its own. */
  void insert(UUID order, int cents) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      insert(connection, order, cents);
    }
  }

  /** In the connection's transaction. */
  static void insert(Connection connection, UUID order, int cents) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("insert into orders (id, cents) values (?, ?)")) {
      statement.setObject(1, order);
      statement.setInt(2, cents);
      statement.executeUpdate();
    }
  }
}
