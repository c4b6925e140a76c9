package dev.outbox.idempotency.jobs.spring;

import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.idempotency.internal.spring.SpringConnection;
import dev.outbox.idempotency.jobs.AbandonedJob;
import dev.outbox.idempotency.jobs.Job;
import dev.outbox.idempotency.jobs.JobKey;
import dev.outbox.idempotency.jobs.JobQueue;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.springframework.dao.DataAccessException;

/**
 * The job queue within the running Spring transaction. Every method throws {@link
 * TransactionRequiredException} when no Spring transaction holds the data source, and {@link
 * DataAccessException} when the database refuses. Any number of threads may use one instance.
 */
public final class SpringJobQueue {

  private final JobQueue queue;
  private final SpringConnection connection;

  SpringJobQueue(JobQueue queue, DataSource dataSource) {
    this.queue = queue;
    this.connection = new SpringConnection("durable jobs", dataSource);
  }

  /**
   * Write the job unless one of its key is there.
   *
   * @return true when it was written, false for a repeat
   * @see JobQueue#enqueue
   */
  public boolean enqueue(Job job) {
    return connection.call(c -> queue.enqueue(c, job));
  }

  /**
   * Write many jobs with one statement.
   *
   * @return the keys of those that were written
   * @see JobQueue#enqueueAll
   */
  public Set<JobKey> enqueueAll(Collection<Job> jobs) {
    return connection.call(c -> queue.enqueueAll(c, jobs));
  }

  /** Jobs that were given up, the longest ago first. */
  public List<AbandonedJob> abandoned(int limit) {
    return connection.call(c -> queue.abandoned(c, limit));
  }

  /**
   * Let a job that was given up be tried again.
   *
   * @return false when no such job was given up
   */
  public boolean retry(JobKey key) {
    return connection.call(c -> queue.retry(c, key));
  }

  /**
   * Let all jobs of this type that were given up be tried again.
   *
   * @return how many
   */
  public int retryAll(String type) {
    return connection.call(c -> queue.retryAll(c, type));
  }
}
