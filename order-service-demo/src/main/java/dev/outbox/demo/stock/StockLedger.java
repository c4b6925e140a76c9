package dev.outbox.demo.stock;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The ledger: one row for each order line, with what it took from the stock as a negative number.
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
  void book(PlacedOrder order) {
    for (PlacedOrder.Line line : order.lines()) {
      database
          .sql(
              """
              insert into stock_ledger (order_id, line_item_id, product_id, change)
              values (?, ?, ?, ?)
              on conflict (order_id, line_item_id) do nothing
              """)
          .params(order.orderId(), line.lineItemId(), line.productId(), -line.quantity())
          .update();
    }
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
