package dev.outbox.relay.source.pgoutput;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.source.StreamSettings;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.jdbc.PreferQueryMode;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;
import org.postgresql.util.PSQLState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A slot's replication stream. A thread of its own reports to the server, so that it is heard of
 * while the reading thread is held up. Only {@link #abort} may be called by other threads than the
 * reading one.
 */
final class ReplicationStream implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ReplicationStream.class);

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** The server's answer to the start of the stream; the driver itself waits without limit. */
  private static final Duration START_WITHIN = Duration.ofSeconds(10);

  /**
   * Short, because the driver gathers all that comes until the server hears of the end: of a large
   * transaction the server sends everything first.
   */
  private static final Duration END_WITHIN = Duration.ofMillis(300);

  /** The end of the connection shows when something is written to it, at the second time. */
  private static final Duration REPORT_EVERY = Duration.ofMillis(500);

  private final Connection connection;
  private final ScheduledExecutorService timer;
  private @Nullable PGReplicationStream stream;
  private @Nullable Future<?> reporting;
  private volatile @Nullable Exception reportFailure;

  private ReplicationStream(Connection connection) {
    this.connection = connection;
    this.timer =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "outbox-relay-status");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Connected, not streaming yet; may be cut from now on. */
  static ReplicationStream connect(RelaySettings settings) throws SQLException {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(settings.database().url());
    dataSource.setUser(settings.database().username());
    dataSource.setPassword(settings.database().password());
    dataSource.setApplicationName("outbox-relay " + settings.name());
    dataSource.setConnectTimeout((int) CONNECT_TIMEOUT.toSeconds());
    dataSource.setLoginTimeout((int) CONNECT_TIMEOUT.toSeconds());
    // Whatever the URL says: silence is no failure here, and within a message the driver would take
    // the interval of the reports for the limit.
    dataSource.setSocketTimeout(0);
    dataSource.setTcpKeepAlive(true);
    dataSource.setReplication("database");
    dataSource.setAssumeMinServerVersion("15");
    dataSource.setPreferQueryMode(PreferQueryMode.SIMPLE);
    dataSource.setOptions(StreamSettings.serverOptions(dataSource.getOptions()));
    return new ReplicationStream(dataSource.getConnection());
  }

  /** Begins where the slot stands, and begins to report. */
  void start(RelaySettings settings) throws SQLException {
    Future<?> cut = cutAfter(START_WITHIN);
    PGReplicationStream started =
        connection
            .unwrap(PGConnection.class)
            .getReplicationAPI()
            .replicationStream()
            .logical()
            .withSlotName(settings.slot())
            .withSlotOption("proto_version", 1)
            .withSlotOption("publication_names", settings.publication())
            .withSlotOption("messages", true)
            .withSlotOption("binary", true)
            .withStatusInterval((int) REPORT_EVERY.toMillis(), TimeUnit.MILLISECONDS)
            // Positions stay the same on a second reading only while the slot stands at ends of
            // commits, so the driver must not move it to whatever a keep-alive says.
            .withAutomaticFlush(false)
            .start();
    cut.cancel(false);
    stream = started;
    long every = REPORT_EVERY.toMillis();
    reporting =
        timer.scheduleWithFixedDelay(() -> report(started), every, every, TimeUnit.MILLISECONDS);
  }

  private Future<?> cutAfter(Duration time) {
    return timer.schedule(this::abort, time.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * The next message; null when none has come within a millisecond.
   *
   * @throws SQLException also when the server could not be reported to: the driver does not tell
   *     the end of the stream from silence
   */
  @Nullable ByteBuffer read() throws SQLException {
    @Nullable Exception unreachable = reportFailure;
    if (unreachable != null) {
      throw new SQLException(
          "The connection has ended: " + unreachable.getMessage(),
          PSQLState.CONNECTION_FAILURE.getState(),
          unreachable);
    }
    return streaming().readPending();
  }

  private PGReplicationStream streaming() {
    return Objects.requireNonNull(stream);
  }

  /** Tells the server how far the log has been dealt with. */
  synchronized void confirm(long lsn) {
    PGReplicationStream to = streaming();
    LogSequenceNumber position = LogSequenceNumber.valueOf(lsn);
    to.setAppliedLSN(position);
    to.setFlushedLSN(position);
    report(to);
  }

  /** One at a time, or the server might hear of an earlier position after a later one. */
  private synchronized void report(PGReplicationStream to) {
    try {
      to.forceUpdateStatus();
    } catch (SQLException | RuntimeException e) { // any other would end the reports unnoticed
      reportFailure = e;
    }
  }

  /** Gives the slot back before the connection goes, so that the next instance finds it free. */
  void endGently() {
    if (reporting != null) {
      reporting.cancel(false);
    }
    Future<?> cut = cutAfter(END_WITHIN);
    try {
      streaming().close();
    } catch (SQLException e) {
      LOG.atDebug().setCause(e).log("The stream did not end in time");
    } finally {
      cut.cancel(false);
    }
  }

  /** Cuts the connection, from any thread. */
  void abort() {
    try {
      connection.abort(Runnable::run);
    } catch (SQLException e) {
      LOG.atDebug().setCause(e).log("Cannot cut the connection");
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
    // Not closed politely: that would wait for the server, which may be gone or in midst of a
    // transaction.
    abort();
  }
}
