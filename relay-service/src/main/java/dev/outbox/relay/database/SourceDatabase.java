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

  /** Of looks on which leadership depends: others take over after ten seconds. */
  private static final Duration SESSION_PATIENCE = Duration.ofSeconds(5);

  private final RelaySettings.Database settings;
  private final PGSimpleDataSource quick;
  private final PGSimpleDataSource patient;
  private final PGSimpleDataSource replication;
  private final PGSimpleDataSource impatient;

  /** Nothing is connected yet. */
  public SourceDatabase(RelaySettings settings) {
    this.settings = settings.database();
    this.quick = dataSource(settings);
    this.patient = dataSource(settings);
    this.replication = dataSource(settings);
    this.impatient = dataSource(settings);
    quick.setSocketTimeout((int) ANSWER_WITHIN.toSeconds());
    impatient.setSocketTimeout((int) SESSION_PATIENCE.toSeconds());
    impatient.setConnectTimeout((int) SESSION_PATIENCE.toSeconds());
    impatient.setLoginTimeout((int) SESSION_PATIENCE.toSeconds());
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
    // What is parked, and how far everything is published, must outlive a crash of the server, also
    // where a role's or database's default is to answer before the disk has it. The URL may differ.
    String given = dataSource.getOptions();
    dataSource.setOptions("-c synchronous_commit=on" + (given == null ? "" : " " + given));
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

  /** A connection to keep, for conversations that come often; nothing is connected yet. */
  public DatabaseSession session() {
    return new DatabaseSession(
        impatient::getConnection, failure -> explain(Stage.PREFLIGHT, failure));
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
      throw explain(stage, e);
    }
  }

  private RelayException explain(Stage stage, Exception failure) {
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
}
