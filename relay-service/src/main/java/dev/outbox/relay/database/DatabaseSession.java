package dev.outbox.relay.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * A connection that is kept from one conversation to the next, for looks that come often and must
 * not depend on a free connection. It is made when first needed and anew after a failure.
 *
 * <p>Thread-safe; one conversation at a time.
 */
public final class DatabaseSession implements AutoCloseable {

  private final Connector connector;
  private final FailureReport report;
  private @Nullable Connection connection;

  DatabaseSession(Connector connector, FailureReport report) {
    this.connector = connector;
    this.report = report;
  }

  /** Makes a connection. */
  interface Connector {
    Connection connect() throws SQLException;
  }

  /** Tells a failure in an operator's words. */
  interface FailureReport {
    RuntimeException of(Exception failure);
  }

  /**
   * One conversation, each statement its own transaction and answered within five seconds. A kept
   * connection may have died since, so the conversation may be held a second time on a new one.
   *
   * @throws dev.outbox.relay.failure.RelayException when the database cannot be reached or refuses
   */
  public synchronized <T> T call(Function<JdbcClient, T> conversation) {
    boolean kept = connection != null;
    try {
      return converse(conversation);
    } catch (SQLException | DataAccessException e) {
      close();
      if (!kept) {
        throw report.of(e);
      }
    }
    try {
      return converse(conversation);
    } catch (SQLException | DataAccessException e) {
      close();
      throw report.of(e);
    }
  }

  private <T> T converse(Function<JdbcClient, T> conversation) throws SQLException {
    Connection current = connection;
    if (current == null) {
      current = connector.connect();
      connection = current;
    }
    return conversation.apply(JdbcClient.create(new SingleConnectionDataSource(current, true)));
  }

  /** Lets the connection go; the next conversation makes another. */
  @Override
  public synchronized void close() {
    Connection current = connection;
    connection = null;
    if (current != null) {
      try {
        current.close();
      } catch (SQLException e) {
        // Its server is gone, which is as good.
        return;
      }
    }
  }
}
