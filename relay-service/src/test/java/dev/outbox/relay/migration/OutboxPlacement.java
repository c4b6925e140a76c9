package dev.outbox.relay.migration;

import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;
import javax.sql.DataSource;

/** The same with an outbox. */
final class OutboxPlacement {

  private final DataSource dataSource;
  private final JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");

  OutboxPlacement(DataSource dataSource) {
    this.dataSource = dataSource;
  }

  void place(UUID order, int cents) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(false);
      Orders.insert(connection, order, cents);
      outbox
          .writer(connection)
          .append(
              OutboxEvent.of(
                      "Order", order.toString(), "OrderPlaced", OrderJson.placed(order, cents))
                  .withBusinessKey("order-" + order + "-placed"));
      connection.commit();
    }
  }
}
