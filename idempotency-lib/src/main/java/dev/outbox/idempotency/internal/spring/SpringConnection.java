package dev.outbox.idempotency.internal.spring;

import dev.outbox.idempotency.TransactionRequiredException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.UncategorizedSQLException;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.support.SQLStateSQLExceptionTranslator;

/**
 * Work on the connection of the running Spring transaction, which Spring also closes.
 *
 * @param part who works, for messages
 * @param dataSource whose transaction it must be
 */
public record SpringConnection(String part, DataSource dataSource) {

  /**
   * @throws TransactionRequiredException when no Spring transaction holds the data source. That
   *     auto-commit is off would not tell: a pool may hand out such connections, and without a
   *     transaction Spring would take one back and everything with it.
   * @throws DataAccessException when the database refuses; unchecked, because Spring commits after
   *     a checked exception
   */
  public <T> T call(Work<T> work) {
    Connection connection = DataSourceUtils.getConnection(dataSource);
    if (!DataSourceUtils.isConnectionTransactional(connection, dataSource)) {
      DataSourceUtils.releaseConnection(connection, dataSource);
      throw new TransactionRequiredException(
          "The %s were used without a Spring transaction on their data source. Call them from a"
                  .formatted(part)
              + " @Transactional method or a TransactionTemplate whose transaction manager manages"
              + " that data source. Nothing was written.");
    }
    try {
      return work.on(connection);
    } catch (SQLException e) {
      DataAccessException translated =
          new SQLStateSQLExceptionTranslator().translate(part, null, e);
      throw translated != null ? translated : new UncategorizedSQLException(part, null, e);
    }
  }

  /** What to do on the connection. */
  @FunctionalInterface
  public interface Work<T> {

    T on(Connection connection) throws SQLException;
  }
}
