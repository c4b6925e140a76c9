package dev.outbox.demo.orders;

import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The orders in the database. */
@Repository
class Orders {

  private final JdbcClient database;

  Orders(JdbcClient database) {
    this.database = database;
  }

  void add(Order order) {
    database
        .sql("insert into orders (id, user_id, placed_at) values (?, ?, ?)")
        .params(order.id(), order.userId(), order.placedAt().atOffset(ZoneOffset.UTC))
        .update();
    for (Order.Line line : order.lines()) {
      database
          .sql(
              """
              insert into order_line (order_id, line_item_id, product_id, quantity)
              values (?, ?, ?, ?)
              """)
          .params(order.id(), line.lineItemId(), line.productId(), line.quantity())
          .update();
    }
  }

  Optional<Order> find(UUID id) {
    List<Order.Line> lines =
        database
            .sql("select line_item_id, product_id, quantity from order_line where order_id = ?")
            .param(id)
            .query(
                (row, number) ->
                    new Order.Line(
                        row.getObject("line_item_id", UUID.class),
                        row.getString("product_id"),
                        row.getInt("quantity")))
            .list();
    return database
        .sql("select user_id, placed_at from orders where id = ?")
        .param(id)
        .query(
            (row, number) ->
                new Order(
                    id,
                    row.getString("user_id"),
                    row.getObject("placed_at", OffsetDateTime.class).toInstant(),
                    lines))
        .optional();
  }
}
