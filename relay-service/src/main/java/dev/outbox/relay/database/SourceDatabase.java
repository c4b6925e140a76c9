package dev.outbox.relay.database;

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
import org.postgresql.jdbc.PreferQueryMode;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** Ordinary SQL to the database that holds the outbox: few, short conversations. Thread-safe. */
public final class SourceDatabase {

  private static final Logger LOG = LoggerFactory.getLogger(SourceDatabase.class);

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** A server that accepts and never answers must not hold a thread for ever. */
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);

  private final RelaySettings.Database settings;
  private final PGSimpleDataSource quick;
  private final PGSimpleDataSource patient;
  private final PGSimpleDataSource replication;

  /** Nothing is connected yet. */
  public SourceDatabase(RelaySettings settings) {
    this.settings = settings.database();
    this.quick = dataSource(settings);
    this.patient = dataSource(settings);
    this.replication = dataSource(settings);
    quick.setSocketTimeout((int) ANSWER_WITHIN.toSeconds());
    replication.setReplication("database");
    replication.setAssumeMinServerVersion("15");
    // The replication protocol knows no prepared statements.
    replication.setPreferQueryMode(PreferQueryMode.SIMPLE);
  }

  private static PGSimpleDataSource dataSource(RelaySettings settings) {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(settings.database().url());
    dataSource.setUser(settings.database().username());
    dataSource.setPassword(settings.database().password());
    dataSource.setApplicationName("outbox-relay " + settings.name());
    dataSource.setConnectTimeout((int) CONNECT_TIMEOUT.toSeconds());
    dataSource.setLoginTimeout((int) CONNECT_TIMEOUT.toSeconds());
    dataSource.setTcpKeepAlive(true);
    return dataSource;
  }

  /**
   * One conversation on a connection of its own, each statement its own transaction and answered
   * within 30 seconds.
   *
   * @throws RelayException when the database cannot be reached or refuses, with the remedy
   */
  public <T> T call(Function<JdbcClient, T> conversation) {
    return call(quick, Stage.PREFLIGHT, conversation);
  }

  /** The same for statements that may wait long, as for other transactions to end. */
  public <T> T callPatiently(Function<JdbcClient, T> conversation) {
    return call(patient, Stage.PREFLIGHT, conversation);
  }

  /**
   * One conversation in one transaction, committed when it returns and rolled back when it throws.
   *
   * @param stage where a failure is said to have happened
   * @throws RelayException when the database cannot be reached or refuses, with the remedy
   */
  public <T> T inTransaction(Stage stage, Function<JdbcClient, T> conversation) {
    return call(quick, stage, conversation, true);
  }

  /** The same for statements that may take long, as over a table of many rows. */
  public <T> T inPatientTransaction(Stage stage, Function<JdbcClient, T> conversation) {
    return call(patient, stage, conversation, true);
  }

  /**
   * One conversation in replication commands, such as {@code CREATE_REPLICATION_SLOT}; they may
   * wait long for other transactions to end.
   *
   * @throws RelayException when the database cannot be reached or refuses, with the remedy
   */
  public <T> T callReplication(Function<JdbcClient, T> conversation) {
    return call(replication, Stage.PREFLIGHT, conversation);
  }

  /**
   * Opens a connection that stays open between conversations.
   *
   * @param stage where a failure is said to have happened
   * @throws RelayException when the database cannot be reached or refuses, with the remedy
   */
  public Session openSession(Stage stage) {
    try {
      return new Session(stage, quick.getConnection());
    } catch (SQLException e) {
      throw explained(stage, e);
    }
  }

  private <T> T call(
      PGSimpleDataSource dataSource, Stage stage, Function<JdbcClient, T> conversation) {
    return call(dataSource, stage, conversation, false);
  }

  private <T> T call(
      PGSimpleDataSource dataSource,
      Stage stage,
      Function<JdbcClient, T> conversation,
      boolean inTransaction) {
    try (Connection connection = dataSource.getConnection()) {
      connection.setAutoCommit(!inTransaction);
      T result =
          conversation.apply(JdbcClient.create(new SingleConnectionDataSource(connection, true)));
      if (inTransaction) {
        connection.commit();
      }
      return result;
    } catch (SQLException | DataAccessException e) {
      throw explained(stage, e);
    }
  }

  private RelayException explained(Stage stage, Exception failure) {
    @Nullable RelayException known =
        DatabaseFailures.explain(stage, failure, settings.address(), settings.username());
    return known != null
        ? known
        : new RelayException(
            stage,
            "The database at %s gave an unexpected answer: %s"
                .formatted(settings.address(), failure.getClass().getSimpleName()),
            "See the cause in the log.",
            failure);
  }

  /**
   * Many short conversations on one connection, each statement its own transaction and answered
   * within 30 seconds. For one thread; any may close it.
   */
  public final class Session implements AutoCloseable {
    private final Stage stage;
    private final Connection connection;
    private final JdbcClient sql;

    private Session(Stage stage, Connection connection) {
      this.stage = stage;
      this.connection = connection;
      this.sql = JdbcClient.create(new SingleConnectionDataSource(connection, true));
    }

    /**
     * One conversation.
     *
     * @throws RelayException when the database cannot be reached or refuses, with the remedy
     */
    public <T> T call(Function<JdbcClient, T> conversation) {
      try {
        return conversation.apply(sql);
      } catch (DataAccessException e) {
        throw explained(stage, e);
      }
    }

    @Override
    public void close() {
      try {
        connection.close();
      } catch (SQLException e) {
        LOG.atDebug().setCause(e).log("A connection could not be closed");
      }
    }
  }
}
