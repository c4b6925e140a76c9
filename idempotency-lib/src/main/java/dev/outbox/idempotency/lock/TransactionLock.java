package dev.outbox.idempotency.lock;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalLong;

/** An advisory lock that ends with the transaction. */
record TransactionLock(Connection connection) implements DistributedLock {

  @Override
  public LockResult tryAcquire(String name) {
    try (PreparedStatement query =
        connection.prepareStatement("select pg_try_advisory_xact_lock(?)")) {
      query.setLong(1, PostgresLock.number(name));
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getBoolean(1) ? new LockResult.Acquired(new Held()) : new LockResult.Busy();
      }
    } catch (SQLException e) {
      return new LockResult.Unavailable(e);
    }
  }

  /** Lost only together with the transaction, and with all it has written. */
  private record Held() implements HeldLock {

    @Override
    public OptionalLong fence() {
      return OptionalLong.empty();
    }

    @Override
    public boolean renew() {
      return true;
    }

    @Override
    public void release() {
      // Others must not begin before the commit.
    }
  }
}
