package dev.outbox.idempotency.update;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The rows of a table, to be changed only as long as they are what the caller believes.
 *
 * <pre>{@code
 * orders.row(orderId)
 *     .set("status = 'PAID', version = version + 1, payment_id = ?", paymentId)
 *     .onlyIf("status = ?", "SUBMITTED")
 *     .execute(connection);
 * }</pre>
 *
 * <p>What happens when another transaction changes the row at the same time: under READ COMMITTED,
 * PostgreSQL's default, the update waits for its end and then looks at the condition again, so the
 * result is a {@link UpdateResult.Conflict} with the other's state, or an update when the other
 * rolled back. Under REPEATABLE READ and SERIALIZABLE it fails with SQLSTATE 40001; roll back and
 * repeat the whole transaction.
 *
 * <p>Immutable; any number of threads may use one instance. The texts are SQL: write them in the
 * program, never take them from outside, and pass values as {@code ?}.
 *
 * @param <S> the state of a row
 */
public final class GuardedRows<S> {

  private final String table;
  private final String key;
  private final String columns;
  private final RowReader<S> reader;

  private GuardedRows(String table, String key, String columns, RowReader<S> reader) {
    this.table = table;
    this.key = key;
    this.columns = columns;
    this.reader = reader;
  }

  /**
   * @param table as it stands in SQL
   * @param key the column that names a row, unique
   * @param columns what the state is read from, such as {@code status, version}
   * @param reader reads these columns
   */
  public static <S> GuardedRows<S> of(
      String table, String key, String columns, RowReader<S> reader) {
    return new GuardedRows<>(table, key, columns, reader);
  }

  /** The row with this key. */
  public Row row(Object id) {
    return new Row(id);
  }

  /** One row, by its key. */
  public final class Row {

    private final Object id;

    private Row(Object id) {
      this.id = id;
    }

    /**
     * What to change, as after SQL's {@code set}. With a version column, raise it here: {@code
     * version = version + 1}.
     *
     * @param values of the {@code ?} in it
     */
    public Change set(String assignments, Object... values) {
      return new Change(id, assignments, List.of(values));
    }

    /** The state now; empty when there is no such row. */
    public Optional<S> state(Connection connection) throws SQLException {
      String sql = "select %s from %s where %s = ?".formatted(columns, table, key);
      try (PreparedStatement query = connection.prepareStatement(sql)) {
        query.setObject(1, id);
        return onlyRow(query);
      }
    }
  }

  /** A change that waits for its condition; without one there is nothing to execute. */
  public final class Change {

    private final Object id;
    private final String assignments;
    private final List<Object> values;

    private Change(Object id, String assignments, List<Object> values) {
      this.id = id;
      this.assignments = assignments;
      this.values = values;
    }

    /**
     * What must hold, as after SQL's {@code where}: {@code version = ?}, {@code status = ?}.
     *
     * @param conditionValues of the {@code ?} in it
     */
    public Guarded onlyIf(String condition, Object... conditionValues) {
      List<Object> all = new ArrayList<>(values);
      all.add(id);
      all.addAll(List.of(conditionValues));
      String sql =
          "update %s set %s where %s = ? and (%s) returning %s"
              .formatted(table, assignments, key, condition, columns);
      return new Guarded(row(id), sql, all);
    }
  }

  /** A change with its condition. */
  public final class Guarded {

    private final Row row;
    private final String sql;
    private final List<Object> values;

    private Guarded(Row row, String sql, List<Object> values) {
      this.row = row;
      this.sql = sql;
      this.values = values;
    }

    /**
     * Change the row if the condition holds.
     *
     * @param connection best in a transaction, with what belongs to the change; neither committed
     *     nor closed here
     * @throws SQLException when the database refuses; SQLSTATE 40001 means repeat the transaction
     * @throws IllegalStateException when the key names several rows, which have then been changed:
     *     roll back
     */
    public UpdateResult<S> execute(Connection connection) throws SQLException {
      try (PreparedStatement update = connection.prepareStatement(sql)) {
        for (int i = 0; i < values.size(); i++) {
          update.setObject(i + 1, values.get(i));
        }
        Optional<S> updated = onlyRow(update);
        if (updated.isPresent()) {
          return new UpdateResult.Updated<>(updated.get());
        }
      }
      // A statement of its own: under READ COMMITTED it sees what the update has waited for.
      return row.state(connection)
          .<UpdateResult<S>>map(UpdateResult.Conflict::new)
          .orElseGet(UpdateResult.Missing::new);
    }
  }

  private Optional<S> onlyRow(PreparedStatement statement) throws SQLException {
    try (ResultSet rows = statement.executeQuery()) {
      if (!rows.next()) {
        return Optional.empty();
      }
      S state = reader.read(rows);
      if (rows.next()) {
        throw new IllegalStateException(
            "The column %s of %s names several rows; give a unique one".formatted(key, table));
      }
      return Optional.of(state);
    }
  }
}
