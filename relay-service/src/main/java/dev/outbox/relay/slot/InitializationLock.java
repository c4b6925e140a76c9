package dev.outbox.relay.slot;

import java.util.function.Supplier;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Lets one instance at a time make slots and publications of a database. */
final class InitializationLock {

  private static final long KEY = 0x6f7574626f78L;

  private InitializationLock() {}

  /** Waits for other instances that do so, and keeps them out meanwhile. */
  static <T> T holding(JdbcClient sql, Supplier<T> work) {
    sql.sql("select pg_advisory_lock(:key)").param("key", KEY).query().listOfRows();
    try {
      return work.get();
    } finally {
      // Behind a connection pooler the session, and with it the lock, outlives this connection.
      sql.sql("select pg_advisory_unlock(:key)").param("key", KEY).query().listOfRows();
    }
  }
}
