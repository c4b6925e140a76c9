package dev.outbox.idempotency.jobs;

import dev.outbox.idempotency.TransactionRequiredException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes jobs in the caller's own transaction: a job is there exactly if the business change is.
 * Every method works on the given connection and neither commits nor closes it.
 *
 * <p>Immutable; any number of threads may use one instance, each with its own connection.
 */
public final class JobQueue {

  /** Rows are always written in this order, so that overlapping batches cannot deadlock. */
  private static final Comparator<JobKey> WRITE_ORDER =
      Comparator.comparing(JobKey::recipient)
          .thenComparing(JobKey::type)
          .thenComparing(JobKey::businessId);

  private final JobTable table;
  private final String enqueueSql;

  private JobQueue(JobTable table) {
    this.table = table;
    // One text whatever the batch size, so that driver and server keep one prepared statement.
    this.enqueueSql =
        """
        insert into %s (recipient, type, business_id, payload)
        select j.recipient, j.type, j.business_id, j.payload
        from unnest(?::text[], ?::text[], ?::text[], ?::bytea[])
          with ordinality as j (recipient, type, business_id, payload, n)
        order by j.n
        on conflict (recipient, type, business_id) do nothing
        returning recipient, type, business_id
        """
            .formatted(table.quoted());
  }

  /** The queue in the table {@code durable_job} of the connection's schema. */
  public static JobQueue inDefaultTable() {
    return in(JobTable.DEFAULT);
  }

  public static JobQueue in(JobTable table) {
    return new JobQueue(table);
  }

  /**
   * Write the job unless one of its key is there, in whatever state, done and given up among them.
   *
   * <p>When another transaction is just writing the same key, this waits for its end. Under
   * REPEATABLE READ and SERIALIZABLE it may then fail with SQLSTATE 40001: repeat the transaction.
   *
   * @param connection not in auto-commit mode
   * @return true when it was written, false for a repeat
   * @throws TransactionRequiredException when the connection is in auto-commit mode, where the job
   *     would be there without its business change, or the other way round
   */
  public boolean enqueue(Connection connection, Job job) throws SQLException {
    return !enqueueAll(connection, List.of(job)).isEmpty();
  }

  /**
   * Write many jobs with one statement, each as {@link #enqueue} does. Of several with one key the
   * first counts.
   *
   * @return the keys of those that were written
   */
  public Set<JobKey> enqueueAll(Connection connection, Collection<Job> jobs) throws SQLException {
    if (connection.getAutoCommit()) {
      throw new TransactionRequiredException(
          "The job queue %s was given a connection in auto-commit mode, where jobs and business"
                  .formatted(table.quoted())
              + " change would not commit together. Call connection.setAutoCommit(false), or use"
              + " the connection of the running transaction. Nothing was written.");
    }
    Map<JobKey, Job> distinct = new TreeMap<>(WRITE_ORDER);
    jobs.forEach(job -> distinct.putIfAbsent(job.key(), job));
    return distinct.isEmpty() ? Set.of() : insert(connection, distinct.values());
  }

  private Set<JobKey> insert(Connection connection, Collection<Job> jobs) throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement(enqueueSql)) {
      insert.setArray(1, texts(connection, jobs.stream().map(j -> j.key().recipient()).toArray()));
      insert.setArray(2, texts(connection, jobs.stream().map(j -> j.key().type()).toArray()));
      insert.setArray(3, texts(connection, jobs.stream().map(j -> j.key().businessId()).toArray()));
      insert.setArray(
          4,
          connection.createArrayOf(
              "bytea", jobs.stream().map(Job::payload).toArray(byte[][]::new)));
      Set<JobKey> written = new HashSet<>();
      try (ResultSet rows = insert.executeQuery()) {
        while (rows.next()) {
          written.add(JobRows.key(rows));
        }
      }
      return written;
    }
  }

  /** Jobs that were given up, the longest ago first. */
  public List<AbandonedJob> abandoned(Connection connection, int limit) throws SQLException {
    String sql =
        """
        select recipient, type, business_id, attempts, coalesce(reason, ''), finished_at from %s
        where state = 'abandoned' order by finished_at, id limit ?
        """;
    try (PreparedStatement query = connection.prepareStatement(sql.formatted(table.quoted()))) {
      query.setInt(1, limit);
      List<AbandonedJob> found = new ArrayList<>();
      try (ResultSet rows = query.executeQuery()) {
        while (rows.next()) {
          found.add(
              new AbandonedJob(
                  JobRows.key(rows),
                  rows.getInt(4),
                  rows.getString(5),
                  rows.getTimestamp(6).toInstant()));
        }
      }
      return found;
    }
  }

  /**
   * Let a job that was given up be tried again, with all its attempts before it.
   *
   * @return false when no such job was given up
   */
  public boolean retry(Connection connection, JobKey key) throws SQLException {
    String sql = retrySql() + " and recipient = ? and type = ? and business_id = ?";
    try (PreparedStatement update = connection.prepareStatement(sql)) {
      update.setString(1, key.recipient());
      update.setString(2, key.type());
      update.setString(3, key.businessId());
      return update.executeUpdate() == 1;
    }
  }

  /**
   * Let all jobs of this type that were given up be tried again, say after a receiver's outage.
   *
   * @return how many
   */
  public int retryAll(Connection connection, String type) throws SQLException {
    try (PreparedStatement update = connection.prepareStatement(retrySql() + " and type = ?")) {
      update.setString(1, type);
      return update.executeUpdate();
    }
  }

  private String retrySql() {
    return """
        update %s set state = 'pending', attempts = 0, due_at = now(), finished_at = null
        where state = 'abandoned'\
        """
        .formatted(table.quoted());
  }

  /**
   * Forget jobs that were done long ago; a worker with a {@code retention} does it by itself. From
   * then on their keys are new again, so keep them longer than a repeat can come. Jobs that were
   * given up stay.
   *
   * @param age since they were done
   * @param limit at most so many, to keep the transaction short
   * @return how many; fewer than the limit when nothing is left for now
   */
  public int deleteDone(Connection connection, Duration age, int limit) throws SQLException {
    String sql =
        """
        with old as materialized (
          select id from %1$s
          where state = 'done' and finished_at < now() - ? * interval '1 millisecond'
          order by finished_at limit ? for update skip locked)
        delete from %1$s where id in (select id from old)
        """;
    try (PreparedStatement delete = connection.prepareStatement(sql.formatted(table.quoted()))) {
      delete.setLong(1, age.toMillis());
      delete.setInt(2, limit);
      return delete.executeUpdate();
    }
  }

  private static Array texts(Connection connection, Object[] texts) throws SQLException {
    return connection.createArrayOf("text", texts);
  }
}
