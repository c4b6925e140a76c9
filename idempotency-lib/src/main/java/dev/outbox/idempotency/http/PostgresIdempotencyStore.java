package dev.outbox.idempotency.http;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * Records in the service's own PostgreSQL, and so the one store that atomic mode works with. Each
 * method takes a connection of its own and commits.
 */
public final class PostgresIdempotencyStore implements IdempotencyStore {

  /** Somebody expires or completes a record between two of our looks at it; more is no chance. */
  private static final int LOOKS = 5;

  private static final Duration RENEWAL_WAIT = Duration.ofMillis(500);

  private static final String LOCK_NOT_AVAILABLE = "55P03";

  private final DataSource dataSource;
  private final PostgresRecords records;
  private final Duration wait;

  /**
   * @param wait how long a duplicate waits for a transaction that holds the same key, at least a
   *     millisecond; it holds a connection meanwhile
   */
  public PostgresIdempotencyStore(DataSource dataSource, IdempotencyTable table, Duration wait) {
    this.dataSource = dataSource;
    this.records = new PostgresRecords(table);
    this.wait = wait;
  }

  @Override
  public Claim claim(ClaimRequest request, Duration lease) {
    return asked("claim", connection -> claim(connection, request, lease));
  }

  @Override
  public boolean renew(RecordId id, long fence, Duration lease) {
    return asked(
        "renew",
        connection -> {
          // A local step that is about to commit holds the row; the next beat comes soon.
          records.limitWait(connection, RENEWAL_WAIT);
          return records.renew(connection, id, fence, lease);
        });
  }

  @Override
  public boolean recordStep(RecordId id, long fence, String step, byte[] result) {
    return asked(
        "record step", connection -> records.recordStep(connection, id, fence, step, result));
  }

  @Override
  public Optional<Instant> complete(
      RecordId id, long fence, StoredResponse response, Duration window) {
    return asked(
        "complete", connection -> records.complete(connection, id, fence, response, window));
  }

  @Override
  public void release(RecordId id, long fence) {
    asked(
        "release",
        connection -> {
          records.release(connection, id, fence);
          return true;
        });
  }

  @Override
  public int deleteExpired(int limit) {
    return asked("delete expired", connection -> records.deleteExpired(connection, limit));
  }

  PostgresRecords records() {
    return records;
  }

  Duration waitLimit() {
    return wait;
  }

  @Override
  public Optional<Claim.Decided> find(ClaimRequest request) {
    return asked(
        "find",
        connection -> {
          Optional<PostgresRecords.Found> found = records.find(connection, request);
          if (found.isPresent() && found.get() instanceof PostgresRecords.Found.Decided decided) {
            return Optional.of(decided.claim());
          }
          if (found.isPresent() && found.get() instanceof PostgresRecords.Found.Expired) {
            records.deleteIfExpired(connection, request.id());
          }
          return Optional.empty();
        });
  }

  private Claim claim(Connection connection, ClaimRequest request, Duration lease)
      throws SQLException {
    try {
      return claimWithinWait(connection, request, lease);
    } catch (SQLException e) {
      if (!meansBusy(e)) {
        throw e;
      }
      connection.rollback();
      return new Claim.InProgress();
    }
  }

  private Claim claimWithinWait(Connection connection, ClaimRequest request, Duration lease)
      throws SQLException {
    for (int look = 0; look < LOOKS; look++) {
      Optional<Long> fence = records.insert(connection, request, lease, wait);
      if (fence.isPresent()) {
        return new Claim.Claimed(fence.get(), Map.of());
      }
      Optional<PostgresRecords.Found> found = records.find(connection, request);
      if (found.isPresent() && found.get() instanceof PostgresRecords.Found.Decided decided) {
        return decided.claim();
      }
      if (found.isPresent() && found.get() instanceof PostgresRecords.Found.Abandoned) {
        Optional<Claim.Claimed> taken = records.takeOver(connection, request, lease);
        if (taken.isPresent()) {
          return taken.get();
        }
      }
      records.deleteIfExpired(connection, request.id());
      connection.commit();
    }
    return new Claim.InProgress();
  }

  /** Whether a claim failed only because another transaction holds the key. */
  static boolean meansBusy(SQLException e) {
    return LOCK_NOT_AVAILABLE.equals(e.getSQLState());
  }

  private <T> T asked(String what, Statement<T> statement) {
    try (Connection connection = dataSource.getConnection()) {
      boolean autoCommit = connection.getAutoCommit();
      connection.setAutoCommit(false);
      try {
        T result = statement.run(connection);
        connection.commit();
        return result;
      } catch (Throwable failure) {
        rollback(connection, failure);
        throw failure;
      } finally {
        restore(connection, autoCommit);
      }
    } catch (SQLException e) {
      throw new IdempotencyStoreException("The idempotency table refused: " + what, e);
    }
  }

  private static void rollback(Connection connection, Throwable failure) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      // The connection is gone and the server rolls back by itself; the first failure matters.
      failure.addSuppressed(e);
    }
  }

  private static void restore(Connection connection, boolean autoCommit) throws SQLException {
    if (!connection.isClosed()) {
      connection.setAutoCommit(autoCommit);
    }
  }

  @FunctionalInterface
  private interface Statement<T> {

    T run(Connection connection) throws SQLException;
  }
}
