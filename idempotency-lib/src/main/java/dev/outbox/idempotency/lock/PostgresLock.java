package dev.outbox.idempotency.lock;

import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.idempotency.internal.IndexedText;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * Locks that PostgreSQL keeps: advisory locks, by a number of 64 bits made from the name. Two names
 * that meet in one number, which is next to impossible, only wait for each other.
 *
 * <p>They have no lease. PostgreSQL frees them when the connection or the transaction ends, also by
 * a crash of the holder or of the server.
 */
public final class PostgresLock {

  private static final int LONGEST_NAME = 1024;

  private PostgresLock() {}

  /**
   * A lock that lasts until it is released, for work of several transactions. It keeps a connection
   * of its own meanwhile; give it a pool of its own, else work that needs a second connection of
   * the same pool can wait for ever. Not through a transaction pooler, which gives the session to
   * others.
   *
   * @param dataSource where all who share the lock connect to
   */
  public static DistributedLock session(DataSource dataSource) {
    return new SessionLock(dataSource);
  }

  /**
   * A lock that lasts until this transaction ends. {@link HeldLock#release} does nothing: others
   * must not begin before what was written is committed. The transaction may take it again.
   *
   * @param connection not in auto-commit mode; used by the calling thread alone
   * @throws TransactionRequiredException when the connection is in auto-commit mode
   */
  public static DistributedLock transaction(Connection connection) throws SQLException {
    if (connection.getAutoCommit()) {
      throw new TransactionRequiredException(
          "A lock was to be taken for the transaction of a connection in auto-commit mode, where it"
              + " would end at once. Call connection.setAutoCommit(false), or use the connection of"
              + " the running transaction.");
    }
    return new TransactionLock(connection);
  }

  static long number(String name) {
    IndexedText.check("lock name", name, LONGEST_NAME);
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(hash).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }
}
