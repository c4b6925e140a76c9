package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.DatabaseFailures;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** Ordinary SQL to the database that holds the outbox: few, short conversations. Thread-safe. */
public final class SourceDatabase {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  private final RelaySettings.Database settings;
  private final PGSimpleDataSource dataSource = new PGSimpleDataSource();

  /** Nothing is connected yet. */
  public SourceDatabase(RelaySettings settings) {
    this.settings = settings.database();
    dataSource.setUrl(this.settings.url());
    dataSource.setUser(this.settings.username());
    dataSource.setPassword(this.settings.password());
    dataSource.setApplicationName("outbox-relay " + settings.name());
    dataSource.setConnectTimeout((int) CONNECT_TIMEOUT.toSeconds());
  }

  /**
   * One conversation on a connection of its own, each statement its own transaction.
   *
   * @throws RelayException when the database cannot be reached or refuses, with the remedy
   */
  <T> T call(Function<JdbcClient, T> conversation) {
    try (Connection connection = dataSource.getConnection()) {
      return conversation.apply(
          JdbcClient.create(new SingleConnectionDataSource(connection, true)));
    } catch (SQLException | DataAccessException e) {
      @Nullable RelayException known =
          DatabaseFailures.explain(Stage.PREFLIGHT, e, settings.url(), settings.username());
      throw known != null
          ? known
          : new RelayException(
              Stage.PREFLIGHT,
              "The database at %s gave an unexpected answer: %s"
                  .formatted(settings.url(), e.getMessage()),
              "See the cause in the log.",
              e);
    }
  }
}
