package dev.outbox.demo.stock;

import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The ledger: a row for each order line that was sold, with what it took from the stock as a
 * negative number, and one for each that came back.
 */
@Repository
class StockLedger {

  private final JdbcClient database;

  StockLedger(JdbcClient database) {
    this.database = database;
  }

  /**
   * Books the lines of an order, each once whatever the event that tells of it. The inbox
   * recognises a repeated event; an order that is told again by another event, for example because
   * somebody exported it anew, it cannot know, but this key does.
   */
  void sell(PlacedOrder order) {
    for (PlacedOrder.Line line : order.lines()) {
      database
          .sql(
              """
              insert into stock_ledger (order_id, line_item_id, kind, product_id, change)
              values (?, ?, 'SOLD', ?, ?)
              on conflict (order_id, line_item_id, kind) do nothing
              """)
          .params(order.orderId(), line.lineItemId(), line.productId(), -line.quantity())
          .update();
    }
  }

  /**
   * Books the lines of a cancelled order back, each once. What comes back is what the ledger has as
   * sold: an order's events come in their order, so its lines are there.
   */
  void takeBack(UUID orderId) {
    database
        .sql(
            """
            insert into stock_ledger (order_id, line_item_id, kind, product_id, change)
            select order_id, line_item_id, 'RETURNED', product_id, -change
            from stock_ledger where order_id = ? and kind = 'SOLD'
            on conflict (order_id, line_item_id, kind) do nothing
            """)
        .param(orderId)
        .update();
  }

  /** The sum of all changes; 0 for a product that was never ordered. */
  long change(String productId) {
    return database
        .sql("select coalesce(sum(change), 0) from stock_ledger where product_id = ?")
        .param(productId)
        .query(Long.class)
        .single();
  }
}
