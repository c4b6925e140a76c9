package dev.outbox.idempotency.jobs;

import dev.outbox.idempotency.inbox.InboxTransactions;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What a worker asks of the table, each in a transaction of its own. Only the database's clock
 * decides about leases, so that the clocks of the instances need not agree.
 */
final class JobStore {

  static final String NO_OUTCOME =
      "No outcome was recorded for the last attempt: its worker ended, or was away longer than its"
          + " lease";

  private static final int LONGEST_REASON = 2_000;

  private final InboxTransactions transactions;
  private final JobTable table;
  private final JobQueue queue;

  JobStore(InboxTransactions transactions, JobTable table) {
    this.transactions = transactions;
    this.table = table;
    this.queue = JobQueue.in(table);
  }

  void check() throws Exception {
    transactions.inTransaction(connection -> JobSchema.check(connection, table));
  }

  /**
   * Take jobs that are due, the longest due first, and pass over those that another instance is
   * just taking. A job whose attempts are used up and whose last worker never said what became of
   * it is given up here: it may be what kills the workers.
   *
   * @param inHand jobs of this worker that it does not take over from itself, though a lease may
   *     have run out: a handler that never ends would else occupy one thread after the other
   * @param lease how long nobody else may take them
   */
  Taken take(
      Collection<String> types, Collection<Long> inHand, int limit, Duration lease, int maxAttempts)
      throws Exception {
    String sql =
        """
        with due as materialized (
          select id from %1$s
          where state in ('pending', 'running') and due_at <= now() and type = any (?)
            and id <> all (?)
          order by due_at limit ? for update skip locked)
        update %1$s j set
          state = case when j.attempts < a.most then 'running' else 'abandoned' end,
          attempts = case when j.attempts < a.most then j.attempts + 1 else j.attempts end,
          fence = j.fence + 1,
          due_at = now() + ? * interval '1 millisecond',
          finished_at = case when j.attempts < a.most then null else now() end,
          reason = case when j.attempts < a.most then j.reason else ? end
        from due, (select ?::integer as most) a
        where j.id = due.id
        returning j.id, j.recipient, j.type, j.business_id, j.payload, j.state, j.attempts, j.fence
        """;
    return ask(
        sql,
        statement -> {
          statement.setArray(1, statement.getConnection().createArrayOf("text", types.toArray()));
          statement.setArray(2, bigints(statement, inHand.stream()));
          statement.setInt(3, limit);
          statement.setLong(4, lease.toMillis());
          statement.setString(5, NO_OUTCOME);
          statement.setInt(6, maxAttempts);
          return taken(statement);
        });
  }

  private static Taken taken(PreparedStatement statement) throws SQLException {
    List<TakenJob> running = new ArrayList<>();
    List<JobKey> abandoned = new ArrayList<>();
    try (ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        JobKey key = JobRows.key(rows);
        if (rows.getString("state").equals("running")) {
          JobAttempt attempt =
              new JobAttempt(key, rows.getBytes("payload"), rows.getInt("attempts"));
          running.add(new TakenJob(rows.getLong("id"), rows.getLong("fence"), attempt));
        } else {
          abandoned.add(key);
        }
      }
    }
    return new Taken(running, abandoned);
  }

  /**
   * Prolong the leases.
   *
   * @return those that are still this worker's
   */
  Set<Long> renew(Collection<TakenJob> jobs, Duration lease) throws Exception {
    String sql =
        """
        update %1$s j set due_at = now() + ? * interval '1 millisecond'
        from unnest(?::bigint[], ?::bigint[]) as held (id, fence)
        where j.id = held.id and j.fence = held.fence and j.state = 'running'
        returning j.id
        """;
    return ask(
        sql,
        statement -> {
          statement.setLong(1, lease.toMillis());
          setHeld(statement, 2, jobs);
          Set<Long> kept = new HashSet<>();
          try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
              kept.add(rows.getLong(1));
            }
          }
          return kept;
        });
  }

  /** Hand back jobs that were taken and not begun; the attempt does not count. */
  void release(Collection<TakenJob> jobs) throws Exception {
    String sql =
        """
        update %1$s j set state = 'pending', due_at = now(), attempts = j.attempts - 1
        from unnest(?::bigint[], ?::bigint[]) as held (id, fence)
        where j.id = held.id and j.fence = held.fence and j.state = 'running'
        """;
    ask(
        sql,
        statement -> {
          setHeld(statement, 1, jobs);
          return statement.executeUpdate();
        });
  }

  private static void setHeld(PreparedStatement statement, int at, Collection<TakenJob> jobs)
      throws SQLException {
    statement.setArray(at, bigints(statement, jobs.stream().map(TakenJob::id)));
    statement.setArray(at + 1, bigints(statement, jobs.stream().map(TakenJob::fence)));
  }

  private static Array bigints(PreparedStatement statement, Stream<Long> numbers)
      throws SQLException {
    return statement.getConnection().createArrayOf("bigint", numbers.toArray());
  }

  /**
   * Done, and what belongs to it, in one transaction.
   *
   * @return false when the job has been taken over: nothing was written
   */
  boolean done(TakenJob job, Optional<JobOutcome.Recording> recording) throws Exception {
    String sql =
        """
        update %s set state = 'done', finished_at = now(), reason = null
        where id = ? and fence = ? and state = 'running'
        """;
    return inTransaction(
        connection -> {
          boolean current;
          try (PreparedStatement update = connection.prepareStatement(in(sql))) {
            current = setFence(update, 1, job).executeUpdate() == 1;
          }
          if (current && recording.isPresent()) {
            write(recording.get(), connection);
          }
          return current;
        });
  }

  private static void write(JobOutcome.Recording recording, Connection connection)
      throws RecordingException {
    try (PreparedStatement unbroken = connection.prepareStatement("select 1")) {
      recording.write(connection);
      // Fails when a database error was swallowed: the commit would roll back and not say so.
      unbroken.execute();
    } catch (Exception e) {
      throw new RecordingException(e);
    }
  }

  /** To be tried again after the wait; false when the job has been taken over. */
  boolean retryLater(TakenJob job, Duration wait, String reason) throws Exception {
    String sql =
        """
        update %s set state = 'pending', due_at = now() + ? * interval '1 millisecond', reason = ?
        where id = ? and fence = ? and state = 'running'
        """;
    return ask(
        sql,
        statement -> {
          statement.setLong(1, wait.toMillis());
          statement.setString(2, storable(reason));
          return setFence(statement, 3, job).executeUpdate() == 1;
        });
  }

  /** Given up; false when the job has been taken over. */
  boolean abandon(TakenJob job, String reason) throws Exception {
    String sql =
        """
        update %s set state = 'abandoned', finished_at = now(), reason = ?
        where id = ? and fence = ? and state = 'running'
        """;
    return ask(
        sql,
        statement -> {
          statement.setString(1, storable(reason));
          return setFence(statement, 2, job).executeUpdate() == 1;
        });
  }

  int deleteDone(Duration age, int limit) throws Exception {
    return inTransaction(connection -> queue.deleteDone(connection, age, limit));
  }

  private static PreparedStatement setFence(PreparedStatement statement, int at, TakenJob job)
      throws SQLException {
    statement.setLong(at, job.id());
    statement.setLong(at + 1, job.fence());
    return statement;
  }

  /** A reason comes from anywhere, and one that PostgreSQL refuses would keep the job running. */
  private static String storable(String reason) {
    String shortened = reason.substring(0, Math.min(reason.length(), LONGEST_REASON));
    byte[] wellFormed = shortened.replace('\0', ' ').getBytes(StandardCharsets.UTF_8);
    return new String(wellFormed, StandardCharsets.UTF_8);
  }

  private <T> T ask(String sql, Question<T> question) throws Exception {
    return inTransaction(
        connection -> {
          try (PreparedStatement statement = connection.prepareStatement(in(sql))) {
            return question.ask(statement);
          }
        });
  }

  private <T> T inTransaction(Call<T> call) throws Exception {
    List<T> answer = new ArrayList<>(1);
    transactions.inTransaction(connection -> answer.add(call.on(connection)));
    return answer.get(0);
  }

  private String in(String sql) {
    return sql.formatted(table.quoted());
  }

  /**
   * What was found due.
   *
   * @param running now this worker's
   * @param abandoned given up on the way
   */
  record Taken(List<TakenJob> running, List<JobKey> abandoned) {}

  /** What the handler wanted to be written could not be; nothing was. */
  static final class RecordingException extends Exception {

    private static final long serialVersionUID = 1L;

    RecordingException(Exception cause) {
      super(cause);
    }
  }

  @FunctionalInterface
  private interface Call<T> {

    T on(Connection connection) throws Exception;
  }

  @FunctionalInterface
  private interface Question<T> {

    T ask(PreparedStatement statement) throws SQLException;
  }
}
