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

  /** One attempt without an outcome happens to every job in hand when a worker is killed. */
  private static final int SUSPICIOUS_ATTEMPTS = 2;

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
   * it is given up here: it may be what kills the workers. One that was begun repeatedly and left
   * without an outcome may be so too; it is taken alone and only by a worker that is idle, so that
   * no other job loses its attempts with it.
   *
   * @param inHand jobs of this worker that it does not take over from itself, though a lease may
   *     have run out: a handler that never ends would else occupy one thread after the other
   * @param idle whether a job that must be alone may be taken
   * @param lease how long nobody else may take them
   */
  Taken take(
      Collection<String> types,
      Collection<Long> inHand,
      boolean idle,
      int limit,
      Duration lease,
      int maxAttempts)
      throws Exception {
    String sql =
        """
        with due as materialized (
          select id, due_at, attempts >= ? as used_up,
            state = 'running' and attempts >= ? and attempts < ? as suspect
          from %1$s
          where state in ('pending', 'running') and due_at <= now() and type = any (?)
            and id <> all (?)
          order by due_at limit ? for update skip locked),
        lined_up as (select *, row_number() over (order by due_at, id) as place from due),
        chosen as (
          select * from lined_up
          where place < (select coalesce(min(place), ?) from lined_up where suspect)
            or (suspect and place = 1 and ?)),
        taken as (
          update %1$s j set
            state = case when used_up then 'abandoned' else 'running' end,
            fence = j.fence + 1,
            due_at = now() + ? * interval '1 millisecond',
            finished_at = case when used_up then now() end,
            reason = case when used_up then ? else j.reason end
          from chosen
          where j.id = chosen.id
          returning j.*, suspect, place)
        select * from taken order by place
        """;
    return ask(
        sql,
        statement -> {
          statement.setInt(1, maxAttempts);
          statement.setInt(2, SUSPICIOUS_ATTEMPTS);
          statement.setInt(3, maxAttempts);
          statement.setArray(4, statement.getConnection().createArrayOf("text", types.toArray()));
          statement.setArray(5, bigints(statement, inHand.stream()));
          statement.setInt(6, limit);
          statement.setInt(7, limit + 1);
          statement.setBoolean(8, idle);
          statement.setLong(9, lease.toMillis());
          statement.setString(10, NO_OUTCOME);
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
              new JobAttempt(key, rows.getBytes("payload"), rows.getInt("attempts") + 1);
          running.add(
              new TakenJob(
                  rows.getLong("id"), rows.getLong("fence"), rows.getBoolean("suspect"), attempt));
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

  /**
   * The attempt counts from now on, whatever becomes of it. Without waiting for the disk: it is the
   * worker that may end now, and a count lost with the database's own end is one attempt more.
   *
   * @return false when the job has been taken over
   */
  boolean begin(TakenJob job) throws Exception {
    String sql =
        """
        update %s set attempts = ? where id = ? and fence = ? and state = 'running'
        """;
    return inTransaction(
        connection -> {
          try (PreparedStatement update =
              connection.prepareStatement("set local synchronous_commit = off;" + in(sql))) {
            update.setInt(1, job.attempt().number());
            setFence(update, 2, job).execute();
            // The first result is that of the setting.
            var unused = update.getMoreResults();
            return update.getUpdateCount() == 1;
          }
        });
  }

  /** Hand back jobs that were taken and not begun. */
  void release(Collection<TakenJob> jobs) throws Exception {
    String sql =
        """
        update %1$s j set state = 'pending', due_at = now()
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
