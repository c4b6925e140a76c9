package dev.outbox.idempotency.jobs;

import dev.outbox.idempotency.jobs.WorkerState.Created;
import dev.outbox.idempotency.jobs.WorkerState.DatabaseAway;
import dev.outbox.idempotency.jobs.WorkerState.Running;
import dev.outbox.idempotency.jobs.WorkerState.Stopped;
import dev.outbox.idempotency.jobs.WorkerState.Stopping;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The worker's own thread: takes jobs, renews their leases, and lets old ones expire. */
final class Dispatcher {

  private static final Logger log = LoggerFactory.getLogger(Dispatcher.class);

  /** A lease is renewed so often within its time that one renewal may fail. */
  private static final int RENEWALS = 3;

  static final int EXPIRY_BATCH = 1_000;
  private static final Duration EXPIRY_PAUSE = Duration.ofMinutes(1);

  /** How long handlers have to end after they were interrupted at a stop. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final JobWorker.Settings settings;
  private final JobStore store;
  private final Outcomes outcomes;
  private final WorkerCounts.Counter counter = new WorkerCounts.Counter();
  private final Map<Long, RunningJob> inHand = new ConcurrentHashMap<>();
  private final ExecutorService handlers;
  private final Thread thread = new Thread(this::run, "jobs");
  private final Semaphore wake = new Semaphore(0);
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile WorkerState state = new Created();
  private long nextRenewal = System.nanoTime();
  private long nextExpiry = System.nanoTime();

  Dispatcher(JobWorker.Settings settings, JobStore store) {
    this.settings = settings;
    this.store = store;
    this.handlers = Executors.newFixedThreadPool(settings.concurrency(), Dispatcher::handlerThread);
    this.outcomes =
        new Outcomes(
            store, settings.maxAttempts(), settings.backoff(), counter, () -> !isStopping());
  }

  /** A daemon: a handler that never ends must not keep a stopped process alive. */
  private static Thread handlerThread(Runnable task) {
    Thread thread = new Thread(task, "jobs-handler");
    thread.setDaemon(true);
    return thread;
  }

  WorkerState state() {
    return state;
  }

  WorkerCounts counts() {
    return counter.now();
  }

  synchronized void start() {
    if (!(state instanceof Created)) {
      throw new IllegalStateException(
          "The worker was started before and is " + state + "; build a new one");
    }
    state = new Running();
    thread.start();
  }

  void stop() {
    requestStop();
    if (handlesHere()) {
      return;
    }
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void requestStop() {
    if (state instanceof Created) {
      end();
    } else if (!(state instanceof Stopped)) {
      state = new Stopping();
      wake.release();
    }
  }

  private synchronized void end() {
    handlers.shutdown();
    state = new Stopped();
    ended.countDown();
  }

  private boolean handlesHere() {
    return Thread.currentThread() == thread
        || inHand.values().stream().anyMatch(RunningJob::handledByThisThread);
  }

  private boolean isStopping() {
    return state instanceof Stopping || state instanceof Stopped;
  }

  private void run() {
    while (!isStopping()) {
      attempt(this::work);
      pause(settings.pollInterval().toNanos());
    }
    drain();
    end();
  }

  /** Whatever goes wrong: a dead thread that looks alive would miss every job from now on. */
  private void attempt(Step step) {
    try {
      step.run();
      reached();
    } catch (Throwable failure) {
      away(failure);
    }
  }

  private void work() throws Exception {
    renewWhenDue();
    takeWhenThereIsRoom();
    expireWhenDue();
  }

  private void renewWhenDue() throws Exception {
    if (System.nanoTime() - nextRenewal < 0) {
      return;
    }
    nextRenewal = System.nanoTime() + settings.lease().toNanos() / RENEWALS;
    interruptOverdue();
    List<RunningJob> held = new ArrayList<>(inHand.values());
    held.removeIf(job -> job.handlesLongerThan(settings.attemptTimeout()));
    if (!held.isEmpty()) {
      Set<Long> kept = store.renew(held.stream().map(RunningJob::job).toList(), settings.lease());
      held.removeIf(job -> kept.contains(job.job().id()));
      held.forEach(this::lost);
    }
  }

  /** Taken over, so somebody else calls the receiver now; or just ended, which does no harm. */
  private void lost(RunningJob job) {
    if (job.withdraw()) {
      putDown(job.job());
    } else {
      job.interruptHandler();
    }
  }

  private void interruptOverdue() {
    inHand.values().stream()
        .filter(job -> job.handlesLongerThan(settings.attemptTimeout()))
        .forEach(RunningJob::interruptHandler);
  }

  /** In bunches: a look for each single job that ends would cost as much as the job. */
  private void takeWhenThereIsRoom() throws Exception {
    List<RunningJob> running = new ArrayList<>(inHand.values());
    // One that does not heed its interrupt must not stop all others.
    running.removeIf(job -> job.handlesLongerThan(settings.attemptTimeout()));
    if (running.stream().anyMatch(job -> job.job().suspect())
        || inHand.size() > settings.concurrency()) {
      return;
    }
    int room = 2 * settings.concurrency() - inHand.size();
    JobStore.Taken taken =
        store.take(
            settings.handlers().keySet(),
            inHand.keySet(),
            running.isEmpty(),
            room,
            settings.lease(),
            settings.maxAttempts());
    taken.running().forEach(this::begin);
    taken.abandoned().forEach(this::tellAbandoned);
  }

  private void begin(TakenJob job) {
    JobHandler handler =
        Optional.ofNullable(settings.handlers().get(job.attempt().key().type())).orElseThrow();
    RunningJob running = new RunningJob(job, handler, outcomes, () -> putDown(job));
    inHand.put(job.id(), running);
    handlers.execute(running);
  }

  private void putDown(TakenJob job) {
    inHand.remove(job.id());
    wake.release();
  }

  private void tellAbandoned(JobKey key) {
    counter.abandoned.incrementAndGet();
    log.atWarn()
        .addKeyValue("type", key.type())
        .addKeyValue("job", key.idempotencyKey())
        .log("Job given up: its workers ended without an outcome; it may be what ends them");
  }

  private void expireWhenDue() throws Exception {
    if (System.nanoTime() - nextExpiry < 0) {
      return;
    }
    int deleted = store.deleteDone(settings.retention(), EXPIRY_BATCH);
    // One batch between two looks for jobs, so that neither they nor the leases wait for it.
    nextExpiry = System.nanoTime() + (deleted < EXPIRY_BATCH ? EXPIRY_PAUSE.toNanos() : 0);
  }

  /** Until there is something to do: jobs ended, a lease is to be renewed, or the poll is due. */
  private void pause(long most) {
    long pause = Math.min(most, nextRenewal - System.nanoTime());
    try {
      if (wake.tryAcquire(pause, TimeUnit.NANOSECONDS)) {
        wake.drainPermits();
      }
    } catch (InterruptedException e) {
      // Nobody has a reason to interrupt this thread; whoever does wants it to end.
      requestStop();
    }
  }

  private void drain() {
    List<RunningJob> notBegun = inHand.values().stream().filter(RunningJob::withdraw).toList();
    notBegun.forEach(job -> inHand.remove(job.job().id()));
    attempt(() -> store.release(notBegun.stream().map(RunningJob::job).toList()));
    awaitHandlers(settings.stopTimeout());
    inHand.values().forEach(RunningJob::interruptHandler);
    awaitHandlers(GRACE);
    if (!inHand.isEmpty()) {
      log.atWarn()
          .addKeyValue("jobs", inHand.size())
          .log(
              "Worker stopped while handlers still run; their jobs are taken over after the lease");
    }
  }

  private void awaitHandlers(Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    for (long left = limit.toNanos();
        left > 0 && !inHand.isEmpty();
        left = end - System.nanoTime()) {
      attempt(this::renewWhenDue);
      pause(left);
    }
  }

  private synchronized void reached() {
    if (state instanceof DatabaseAway) {
      state = new Running();
      log.info("The database answers again; jobs are taken");
    }
  }

  private synchronized void away(Throwable failure) {
    if (state instanceof Running) {
      log.atWarn()
          .addKeyValue("error", failure.getClass().getName())
          .log("The database cannot be asked for jobs, trying again; set this logger to DEBUG");
    }
    log.atDebug().setCause(failure).log("Why the database cannot be asked");
    if (state instanceof Running || state instanceof DatabaseAway) {
      state = new DatabaseAway(failure);
    }
  }

  @FunctionalInterface
  private interface Step {

    void run() throws Exception;
  }
}
