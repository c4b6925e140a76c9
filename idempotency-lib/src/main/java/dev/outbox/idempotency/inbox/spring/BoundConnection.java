package dev.outbox.idempotency.inbox.spring;

import dev.outbox.idempotency.TransactionRequiredException;
import java.sql.Connection;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.DataSourceUtils;

/** The connection of the running Spring transaction; it belongs to Spring, which also closes it. */
final class BoundConnection {

  private BoundConnection() {}

  /**
   * Auto-commit mode alone does not tell: a pool may hand out connections with it switched off, and
   * without a transaction Spring would take such a connection back and everything with it.
   */
  static Connection of(DataSource dataSource) {
    Connection connection = DataSourceUtils.getConnection(dataSource);
    if (!DataSourceUtils.isConnectionTransactional(connection, dataSource)) {
      DataSourceUtils.releaseConnection(connection, dataSource);
      throw new TransactionRequiredException(
          "The inbox was used without a Spring transaction on its data source, so marker and effect"
              + " would not commit together. Call it from a @Transactional method or a"
              + " TransactionTemplate whose transaction manager manages that data source."
              + " Nothing was written.");
    }
    return connection;
  }
}
