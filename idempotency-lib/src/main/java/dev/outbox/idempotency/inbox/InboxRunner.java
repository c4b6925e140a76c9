package dev.outbox.idempotency.inbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Kafka consumer whose events take effect once.
 *
 * <p>A polled batch is one transaction (with {@link InboxRunnerBuilder#concurrency} above 1, as
 * many as there are threads): one statement claims the markers of all its events, the handler is
 * called for the new ones in order, the transaction commits, and only then are the offsets
 * committed. A crash anywhere in between leads to a redelivery, which is either new again, because
 * everything was rolled back, or a no-op.
 *
 * <p>An event that fails rolls its batch back. Those before it are applied without it, its
 * partition waits, all others flow on, and it is tried again after a growing wait; {@link #state}
 * says so. What becomes of an event that fails for good is the {@link FailurePolicy}. A database
 * that is away is waited for, for as long as it takes. A record that does not say which event it is
 * ends the runner in {@link RunnerState.Failed}.
 *
 * <p>One thread polls and commits offsets, whatever the handler does, so that neither a slow
 * handler nor a wait costs the membership; {@link InboxRunnerBuilder#concurrency} others call the
 * handler. None is a daemon. All methods may be called from any thread.
 */
public final class InboxRunner implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(InboxRunner.class);

  private final RunnerSettings settings;
  private final RunnerLifecycle lifecycle = new RunnerLifecycle();
  private final Recognition recognition;
  private final Thread thread;
  private volatile @Nullable InboxConsumer consuming;
  private volatile @Nullable Workers workers;

  InboxRunner(RunnerSettings settings) {
    this.settings = settings;
    this.recognition =
        Recognition.of(settings.deduplication(), settings.consumer(), settings.table());
    this.thread = new Thread(this::run, "inbox-" + settings.consumer());
  }

  public static InboxRunnerBuilder builder() {
    return new InboxRunnerBuilder();
  }

  /**
   * Start, and return when the runner is a member of its consumer group.
   *
   * @throws InboxStartException when it is not, with the reason: the table is not usable, the
   *     database or Kafka refuses or cannot be reached within the start timeout
   * @throws IllegalStateException when the runner was started or stopped before
   */
  public void start() {
    lifecycle.starting();
    thread.start();
    try {
      lifecycle.started().get(settings.startTimeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      Throwable cause = Optional.ofNullable(e.getCause()).orElse(e);
      throw new InboxStartException(
          "The inbox runner of consumer '%s' did not start: %s"
              .formatted(settings.consumer(), cause.getMessage()),
          cause);
    } catch (TimeoutException e) {
      lifecycle.stopRequested();
      throw new InboxStartException(
          "The inbox runner of consumer '%s' did not join the group '%s' within %s. Check that the"
                  .formatted(settings.consumer(), settings.group(), settings.startTimeout())
              + " database answers and that Kafka does at bootstrap.servers="
              + settings.bootstrapServers(),
          e);
    } catch (InterruptedException e) {
      lifecycle.stopRequested();
      Thread.currentThread().interrupt();
      throw new InboxStartException("Interrupted while the inbox runner was starting", e);
    }
  }

  /**
   * Finish the batch in hand, leave the group, and return when that is done. A wait between
   * attempts ends at once. Repeated calls do nothing more. From the handler it only asks: the
   * runner stops once the handler's batch is through. An interrupt ends the waiting, not the
   * stopping.
   */
  public void stop() {
    lifecycle.stopRequested();
    if (isOwnThread(Thread.currentThread())) {
      return;
    }
    try {
      lifecycle.ended().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      // A runner that failed has stopped; failure() and ended() tell why.
      return;
    }
  }

  private boolean isOwnThread(Thread current) {
    Workers pool = workers;
    return current == thread || (pool != null && pool.isOneOfThem(current));
  }

  /** The same as {@link #stop}. */
  @Override
  public void close() {
    stop();
  }

  public RunnerState state() {
    return lifecycle.state();
  }

  /** Why the runner ended by itself; empty while it has not. */
  public Optional<Throwable> failure() {
    return state() instanceof RunnerState.Failed failed
        ? Optional.of(failed.cause())
        : Optional.empty();
  }

  /**
   * Completes when the runner has stopped and left its group, exceptionally with the {@link
   * #failure} when it has failed. Each call gives a copy; completing it does nothing to the runner.
   */
  public CompletableFuture<Void> ended() {
    return lifecycle.ended().copy();
  }

  /** What was done since the start. */
  public InboxCounts counts() {
    InboxConsumer current = consuming;
    return current == null ? InboxCounts.NONE : current.counts();
  }

  /**
   * Records of the assigned partitions that are not settled yet, by what Kafka told last. Unlike
   * the group's lag it counts what is in hand, and what waits after a failure.
   */
  public long lag() {
    InboxConsumer current = consuming;
    return current == null ? 0 : current.lag();
  }

  /** The consumer's name: the scope of what it has seen. */
  public String consumer() {
    return settings.consumer();
  }

  /**
   * Finish what is in hand and take nothing more until {@link #resume}; the runner stays in its
   * group and keeps its partitions. {@link RunnerState.Paused} says when nothing is in hand.
   */
  public void pause() {
    lifecycle.requestPause(true);
  }

  /** Go on after {@link #pause}. */
  public void resume() {
    lifecycle.requestPause(false);
  }

  private void run() {
    try {
      settings.transactions().inTransaction(this::checkDatabase);
      new StartChecks(settings).run();
      Optional<Throwable> end = consume();
      end.ifPresentOrElse(this::failed, lifecycle::stopped);
    } catch (Throwable failure) {
      // Whatever it is: nobody else would see it, and a dead thread that looks alive is the worst.
      failed(failure);
    }
  }

  private void failed(Throwable failure) {
    logEnd(failure);
    lifecycle.failed(failure);
  }

  private Optional<Throwable> consume() {
    Optional<DeadLetterWriter> deadLetters =
        settings.onFailure().deadLetterTopic().map(t -> new DeadLetterWriter(settings, t));
    BatchWork work = new BatchWork(settings, recognition, deadLetters);
    Optional<InboxRetention> retention = settings.retention().map(this::retention);
    retention.ifPresent(InboxRetention::start);
    try (KafkaConsumer<byte[], byte[]> kafka = new KafkaConsumer<>(settings.kafka());
        Workers pool = new Workers(thread.getName(), settings.concurrency(), work::run)) {
      workers = pool;
      InboxConsumer current = new InboxConsumer(settings, kafka, lifecycle, recognition, pool);
      consuming = current;
      return current.run();
    } finally {
      retention.ifPresent(InboxRetention::close);
      deadLetters.ifPresent(DeadLetterWriter::close);
    }
  }

  private InboxRetention retention(RunnerSettings.Retention retention) {
    return InboxRetention.of(
        settings.consumer(), settings.transactions(), settings.table(), retention.window());
  }

  /** An Error can only be the handler's, and its message may quote the payload. */
  private void logEnd(Throwable failure) {
    log.atError()
        .addKeyValue("consumer", settings.consumer())
        .addKeyValue("topics", settings.topics())
        .addKeyValue("error", failure.getClass().getName())
        .setCause(failure instanceof Error ? null : failure)
        .log("Inbox runner failed and has left its group; nothing is consumed until a new start");
    log.atDebug().setCause(failure).log("Why the inbox runner failed");
  }

  private void checkDatabase(Connection connection) throws SQLException {
    recognition.check(connection);
    if (settings.onFailure().deadLetterTopic().isPresent()) {
      InboxSchema.checkDeadLetters(connection, settings.table());
    }
  }
}
