package dev.outbox.benchmarks;

import com.gruelbox.transactionoutbox.Dialect;
import com.gruelbox.transactionoutbox.Persistor;
import com.gruelbox.transactionoutbox.TransactionManager;
import com.gruelbox.transactionoutbox.TransactionOutbox;
import java.sql.SQLException;
import javax.sql.DataSource;

/** The library transaction-outbox, which writes calls that are to be made after the commit. */
final class GruelboxWriting implements EventWriting {

  private final TransactionManager transactions;
  private final TransactionOutbox outbox;

  /** What is called with the event; never, since only the writing is measured. */
  interface Delivery {
    void deliver(String orderId, String type, String json);
  }

  GruelboxWriting(DataSource dataSource) {
    transactions = TransactionManager.fromDataSource(dataSource);
    outbox =
        TransactionOutbox.builder()
            .transactionManager(transactions)
            .persistor(Persistor.forDialect(Dialect.POSTGRESQL_9))
            .submitter((entry, deliver) -> {})
            .build();
  }

  @Override
  public String name() {
    return "gruelbox transaction-outbox";
  }

  @Override
  public void placeOrder(int events) throws SQLException {
    transactions.<SQLException>inTransactionThrows(
        transaction -> {
          long order = Orders.place(transaction.connection());
          for (int i = 0; i < events; i++) {
            OrderPlaced placed = OrderPlaced.of(order, i);
            outbox.schedule(Delivery.class).deliver(placed.orderId(), "OrderPlaced", placed.json());
          }
        });
  }
}
