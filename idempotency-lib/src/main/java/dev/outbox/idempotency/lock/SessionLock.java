package dev.outbox.idempotency.lock;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;

/** An advisory lock that ends with its connection, or when it is released. */
record SessionLock(DataSource dataSource) implements DistributedLock {

  /** The fence is the number of a transaction that begins under the lock, which only grows. */
  private static final String ACQUIRE =
      "select case when pg_try_advisory_lock(?) then pg_current_xact_id()::text::bigint else 0 end";

  private static final int ANSWER_SECONDS = 5;

  @Override
  public LockResult tryAcquire(String name) {
    long number = PostgresLock.number(name);
    try {
      Connection connection = dataSource.getConnection();
      boolean held = false;
      try {
        boolean autoCommit = connection.getAutoCommit();
        connection.setAutoCommit(true);
        long fence = acquire(connection, number);
        held = fence != 0;
        return held
            ? new LockResult.Acquired(new Held(connection, autoCommit, number, fence))
            : busy(connection, autoCommit);
      } finally {
        if (!held) {
          connection.close();
        }
      }
    } catch (SQLException e) {
      return new LockResult.Unavailable(e);
    }
  }

  private static long acquire(Connection connection, long number) throws SQLException {
    try (PreparedStatement query = connection.prepareStatement(ACQUIRE)) {
      query.setLong(1, number);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  private static LockResult busy(Connection connection, boolean autoCommit) throws SQLException {
    connection.setAutoCommit(autoCommit);
    return new LockResult.Busy();
  }

  private static final class Held implements HeldLock {

    private final Connection connection;
    private final boolean autoCommit;
    private final long number;
    private final long fence;
    private final AtomicBoolean released = new AtomicBoolean();

    Held(Connection connection, boolean autoCommit, long number, long fence) {
      this.connection = connection;
      this.autoCommit = autoCommit;
      this.number = number;
      this.fence = fence;
    }

    @Override
    public OptionalLong fence() {
      return OptionalLong.of(fence);
    }

    @Override
    public boolean renew() {
      try {
        return !released.get() && connection.isValid(ANSWER_SECONDS);
      } catch (SQLException e) {
        return false;
      }
    }

    @Override
    public void release() {
      if (!released.compareAndSet(false, true)) {
        return;
      }
      try (connection) {
        unlock();
      } catch (SQLException e) {
        // The connection has ended, and the lock with it.
        return;
      }
    }

    private void unlock() throws SQLException {
      try (PreparedStatement query = connection.prepareStatement("select pg_advisory_unlock(?)")) {
        query.setLong(1, number);
        query.execute();
        connection.setAutoCommit(autoCommit);
      } catch (SQLException e) {
        // A pool must not hand out a connection that may still hold the lock.
        connection.abort(Runnable::run);
        throw e;
      }
    }
  }
}
