package dev.outbox.writer;

import java.sql.SQLException;

/**
 * The database refused to append. PostgreSQL has thereby aborted the transaction: roll it back, and
 * repeat it as a whole when the cause is transient, for example SQLState 40001 or 40P01.
 */
public final class AppendException extends OutboxException {

  private static final long serialVersionUID = 1L;

  private final SQLException failure;

  AppendException(JdbcOutbox outbox, SQLException failure) {
    super(
        "Cannot append to the %s (SQLState %s): %s"
            .formatted(outbox, failure.getSQLState(), failure.getMessage()),
        failure);
    this.failure = failure;
  }

  /** The driver's exception, which carries the SQLState. */
  public SQLException sqlException() {
    return failure;
  }
}
