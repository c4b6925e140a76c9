package dev.outbox.idempotency.update;

import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Reads the state of a row.
 *
 * @param <S> the state
 */
@FunctionalInterface
public interface RowReader<S> {

  /**
   * @param row on the row, with the columns that were named; not to be moved or closed
   */
  S read(ResultSet row) throws SQLException;
}
