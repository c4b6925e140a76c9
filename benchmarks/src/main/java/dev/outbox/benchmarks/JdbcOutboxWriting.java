package dev.outbox.benchmarks;

import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.stream.IntStream;
import javax.sql.DataSource;

/**
 * This project's writer library. With no events it is the business transaction alone.
 *
 * @param outbox table or log
 */
record JdbcOutboxWriting(String name, JdbcOutbox outbox, DataSource dataSource)
    implements EventWriting {

  @Override
  public void placeOrder(int events) throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      long order = Orders.place(connection);
      if (events > 0) {
        var unused =
            outbox
                .writer(connection)
                .append(IntStream.range(0, events).mapToObj(i -> event(order, i)).toList());
      }
      connection.commit();
    }
  }

  private static OutboxEvent event(long order, int number) {
    OrderPlaced placed = OrderPlaced.of(order, number);
    return OutboxEvent.of("Order", placed.orderId(), "OrderPlaced", placed.json());
  }
}
