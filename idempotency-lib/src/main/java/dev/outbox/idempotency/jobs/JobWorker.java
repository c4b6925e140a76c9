package dev.outbox.idempotency.jobs;

import dev.outbox.idempotency.inbox.InboxTransactions;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Carries out durable jobs, several at once; any number of workers, in any number of processes, may
 * share a table.
 *
 * <p>A worker takes jobs that are due under a lease, runs their handlers outside a transaction, and
 * writes the outcome in one. While it lives it renews the leases; when it is killed they run out
 * and another takes the jobs over. Whoever takes a job gets a new fencing number, so that an
 * outcome that comes late is not written over its successor's.
 *
 * <p>The receiver is called at least once for each job, always with the same {@link
 * JobAttempt#idempotencyKey}. A receiver that honours the key acts once.
 *
 * <p>All methods may be called from any thread. One thread takes jobs and renews leases; it is not
 * a daemon and lives until the worker is stopped. Handlers run on threads of their own.
 */
public final class JobWorker implements AutoCloseable {

  private final Settings settings;
  private final JobStore store;
  private final Dispatcher dispatcher;

  private JobWorker(Settings settings) {
    this.settings = settings;
    this.store = new JobStore(settings.transactions(), settings.table());
    this.dispatcher = new Dispatcher(settings, store);
  }

  public static Builder builder() {
    return new Builder();
  }

  /**
   * Check the table and begin.
   *
   * @throws JobSchemaException when the table is not usable
   * @throws JobWorkerStartException when the database cannot be asked
   * @throws IllegalStateException when the worker was started or stopped before
   */
  public void start() {
    try {
      store.check();
    } catch (JobSchemaException e) {
      throw e;
    } catch (Exception e) {
      throw new JobWorkerStartException(
          "The job worker did not start: the database of the table %s cannot be asked (%s)"
              .formatted(settings.table().quoted(), e.getMessage()),
          e);
    }
    dispatcher.start();
  }

  /**
   * Take no more jobs, hand back those not begun, let the running ones finish, and return when that
   * is done. Handlers that run longer than the {@code stopTimeout} are interrupted; a job whose
   * handler still does not end is taken over by another worker after its lease. Repeated calls do
   * nothing more. From a handler it only asks. An interrupt ends the waiting, not the stopping.
   */
  public void stop() {
    dispatcher.stop();
  }

  /** The same as {@link #stop}. */
  @Override
  public void close() {
    stop();
  }

  public WorkerState state() {
    return dispatcher.state();
  }

  /** What was done since the start. */
  public WorkerCounts counts() {
    return dispatcher.counts();
  }

  /** What a worker was built with. */
  record Settings(
      InboxTransactions transactions,
      JobTable table,
      Map<String, JobHandler> handlers,
      int concurrency,
      int maxAttempts,
      Backoff backoff,
      Duration lease,
      Duration attemptTimeout,
      Duration pollInterval,
      Duration stopTimeout,
      Duration retention) {}

  /** Collects what a worker needs. Required: a data source, a handler. */
  public static final class Builder {

    static final int DEFAULT_CONCURRENCY = 8;
    static final int DEFAULT_MAX_ATTEMPTS = 20;
    static final Duration DEFAULT_LEASE = Duration.ofSeconds(30);
    static final Duration DEFAULT_ATTEMPT_TIMEOUT = Duration.ofMinutes(5);
    static final Duration DEFAULT_POLL_INTERVAL = Duration.ofSeconds(1);
    static final Duration DEFAULT_STOP_TIMEOUT = Duration.ofSeconds(20);
    static final Duration DEFAULT_RETENTION = Duration.ofDays(30);

    private @Nullable InboxTransactions transactions;
    private JobTable table = JobTable.DEFAULT;
    private final Map<String, JobHandler> handlers = new HashMap<>();
    private int concurrency = DEFAULT_CONCURRENCY;
    private int maxAttempts = DEFAULT_MAX_ATTEMPTS;
    private Backoff backoff = Backoff.DEFAULT;
    private Duration lease = DEFAULT_LEASE;
    private Duration attemptTimeout = DEFAULT_ATTEMPT_TIMEOUT;
    private Duration pollInterval = DEFAULT_POLL_INTERVAL;
    private Duration stopTimeout = DEFAULT_STOP_TIMEOUT;
    private Duration retention = DEFAULT_RETENTION;

    private Builder() {}

    /** The database of the jobs; best a pool, with room for {@code concurrency} and one more. */
    public Builder dataSource(DataSource dataSource) {
      return transactions(InboxTransactions.of(dataSource));
    }

    /**
     * In place of a data source: transactions that a framework manages, so that what {@link
     * JobOutcome#done(JobOutcome.Recording)} writes may go through its repositories.
     */
    public Builder transactions(InboxTransactions transactions) {
      this.transactions = transactions;
      return this;
    }

    /** Where the jobs are; {@link JobTable#DEFAULT} unless given. */
    public Builder table(JobTable table) {
      this.table = table;
      return this;
    }

    /**
     * Who carries out jobs of this type. A worker leaves jobs of other types alone, so that one of
     * an older release does not meet jobs it does not know.
     */
    public Builder handler(String type, JobHandler handler) {
      handlers.put(type, handler);
      return this;
    }

    /** How many handlers run at once; 8 unless given. As many again may be waiting in hand. */
    public Builder concurrency(int handlersAtOnce) {
      this.concurrency = atLeastOne("concurrency", handlersAtOnce);
      return this;
    }

    /** After how many attempts a job is given up; 20 unless given. */
    public Builder maxAttempts(int attempts) {
      this.maxAttempts = atLeastOne("maxAttempts", attempts);
      return this;
    }

    /**
     * How long to wait after a failed attempt: the first wait, doubled each time up to the longest,
     * and up to a fifth more by chance. One second and one hour unless given.
     */
    public Builder backoff(Duration first, Duration longest) {
      this.backoff = new Backoff(first, longest);
      return this;
    }

    /**
     * How long a killed worker's jobs wait until another takes them over; 30 s unless given. A
     * living worker renews it every third of that time.
     */
    public Builder lease(Duration lease) {
      this.lease = positive("lease", lease);
      return this;
    }

    /**
     * After how long a handler is interrupted and its lease is no longer renewed; 5 min unless
     * given.
     */
    public Builder attemptTimeout(Duration timeout) {
      this.attemptTimeout = positive("attemptTimeout", timeout);
      return this;
    }

    /** How long an idle worker waits before it looks for jobs again; 1 s unless given. */
    public Builder pollInterval(Duration interval) {
      this.pollInterval = positive("pollInterval", interval);
      return this;
    }

    /** How long {@link JobWorker#stop} lets handlers run before it interrupts them; 20 s. */
    public Builder stopTimeout(Duration timeout) {
      this.stopTimeout = positive("stopTimeout", timeout);
      return this;
    }

    /**
     * How long jobs stay after they are done, 30 days unless given; they are deleted in small
     * batches. From then on their keys are new again, so it must be longer than a repeat of the
     * business change can come.
     */
    public Builder retention(Duration retention) {
      this.retention = positive("retention", retention);
      return this;
    }

    /**
     * @throws IllegalStateException naming what is missing
     */
    public JobWorker build() {
      if (transactions == null) {
        throw new IllegalStateException("A job worker needs dataSource(...) or transactions(...)");
      }
      if (handlers.isEmpty()) {
        throw new IllegalStateException("A job worker needs handler(type, handler)");
      }
      return new JobWorker(
          new Settings(
              transactions,
              table,
              Map.copyOf(handlers),
              concurrency,
              maxAttempts,
              backoff,
              lease,
              attemptTimeout,
              pollInterval,
              stopTimeout,
              retention));
    }

    private static int atLeastOne(String what, int value) {
      if (value < 1) {
        throw new IllegalArgumentException("%s(%d): at least 1".formatted(what, value));
      }
      return value;
    }

    private static Duration positive(String what, Duration value) {
      if (value.toMillis() < 1) {
        throw new IllegalArgumentException("%s(%s): a millisecond or more".formatted(what, value));
      }
      return value;
    }
  }
}
