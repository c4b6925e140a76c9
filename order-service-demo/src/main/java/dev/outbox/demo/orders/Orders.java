package dev.outbox.demo.orders;

import dev.outbox.demo.money.Money;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Isolation;
import org.springframework.transaction.annotation.Transactional;

/** The orders in the database. */
@Repository
class Orders {

  private final JdbcClient database;

  Orders(JdbcClient database) {
    this.database = database;
  }

  void add(Order order, @Nullable String giftMessage) {
    database
        .sql(
            """
            insert into orders
              (id, user_id, status, placed_at, campaign, total, currency, gift_message)
            values (?, ?, ?, ?, ?, ?, ?, ?)
            """)
        .param(order.id())
        .param(order.userId())
        .param(order.status().name())
        .param(order.placedAt().atOffset(ZoneOffset.UTC))
        .param(order.campaign())
        .param(order.total().amount())
        .param(order.total().currency())
        .param(giftMessage)
        .update();
    for (Order.Line line : order.lines()) {
      database
          .sql(
              """
              insert into order_line (order_id, line_item_id, product_id, quantity, unit_price)
              values (?, ?, ?, ?, ?)
              """)
          .params(
              order.id(),
              line.lineItemId(),
              line.productId(),
              line.quantity(),
              line.unitPrice().amount())
          .update();
    }
  }

  /** Row, lines and timeline of one moment, or as the running transaction sees them. */
  @Transactional(readOnly = true, isolation = Isolation.REPEATABLE_READ)
  public Optional<Order> find(UUID id) {
    return database
        .sql(
            """
            select user_id, status, placed_at, campaign, total, currency
            from orders where id = ?
            """)
        .param(id)
        .query(
            (row, number) ->
                new Order(
                    id,
                    row.getString("user_id"),
                    OrderStatus.valueOf(row.getString("status")),
                    row.getObject("placed_at", OffsetDateTime.class).toInstant(),
                    row.getString("campaign"),
                    new Money(row.getLong("total"), row.getString("currency")),
                    lines(id, row.getString("currency")),
                    timeline(id)))
        .optional();
  }

  private List<Order.Line> lines(UUID id, String currency) {
    return database
        .sql(
            """
            select line_item_id, product_id, quantity, unit_price
            from order_line where order_id = ? order by line_item_id
            """)
        .param(id)
        .query(
            (row, number) ->
                new Order.Line(
                    row.getObject("line_item_id", UUID.class),
                    row.getString("product_id"),
                    row.getInt("quantity"),
                    new Money(row.getLong("unit_price"), currency)))
        .list();
  }

  private List<Order.Entry> timeline(UUID id) {
    return database
        .sql("select at, what, detail from order_timeline where order_id = ? order by seq")
        .param(id)
        .query(
            (row, number) ->
                new Order.Entry(
                    row.getObject("at", OffsetDateTime.class).toInstant(),
                    row.getString("what"),
                    row.getString("detail")))
        .list();
  }
}
