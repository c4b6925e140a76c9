package dev.outbox.idempotency.inbox;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Kafka consumer whose events take effect once.
 *
 * <p>Each polled batch is one transaction: one statement claims the markers of all its events, the
 * handler is called for the new ones in order, the transaction commits, and only then are the
 * offsets committed. A crash anywhere in between leads to a redelivery, which is either new again,
 * because everything was rolled back, or a no-op.
 *
 * <p>A batch that fails, because the handler throws or the database is away, is rolled back and
 * tried again after a growing wait, for as long as it takes; {@link #state} says so, and the runner
 * stays in its consumer group. A record that does not say which event it is ends the runner in
 * {@link RunnerState.Failed}.
 *
 * <p>One thread per runner polls, calls the handler and commits; it is not a daemon. For more
 * throughput start more runners of one group. All methods may be called from any thread.
 */
public final class InboxRunner implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(InboxRunner.class);

  private final Settings settings;
  private final RunnerLifecycle lifecycle = new RunnerLifecycle();
  private final Recognition recognition;
  private final Thread thread;
  private volatile @Nullable InboxConsumer consuming;

  private InboxRunner(Settings settings) {
    this.settings = settings;
    this.recognition =
        Recognition.of(settings.deduplication(), settings.consumer(), settings.table());
    this.thread = new Thread(this::run, "inbox-" + settings.consumer());
  }

  public static Builder builder() {
    return new Builder();
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
                  .formatted(
                      settings.consumer(),
                      settings.kafka().get(ConsumerConfig.GROUP_ID_CONFIG),
                      settings.startTimeout())
              + " database answers and that Kafka does at bootstrap.servers="
              + settings.kafka().get(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG),
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
    if (Thread.currentThread() == thread) {
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

  private void run() {
    try {
      settings.transactions().inTransaction(this::checkDatabase);
      try (KafkaConsumer<byte[], byte[]> kafka = new KafkaConsumer<>(settings.kafka())) {
        InboxConsumer current = new InboxConsumer(settings, kafka, lifecycle, recognition);
        consuming = current;
        current.run();
      }
      lifecycle.stopped();
    } catch (Throwable failure) {
      // Whatever it is: nobody else would see it, and a dead thread that looks alive is the worst.
      logEnd(failure);
      lifecycle.failed(failure);
    }
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
  }

  /** What a runner was built with. */
  record Settings(
      String consumer,
      List<String> topics,
      Map<String, Object> kafka,
      InboxTransactions transactions,
      InboxTable table,
      EventHandler handler,
      Deduplication deduplication,
      RetryWait retryWait,
      Duration startTimeout) {}

  /** Collects what a runner needs. Required: consumer, topics, kafka, a data source, handler. */
  public static final class Builder {

    /** How long {@link InboxRunner#start} waits unless told otherwise. */
    static final Duration DEFAULT_START_TIMEOUT = Duration.ofSeconds(60);

    private @Nullable String consumer;
    private final List<String> topics = new ArrayList<>();
    private @Nullable Map<String, ?> kafka;
    private @Nullable InboxTransactions transactions;
    private InboxTable table = InboxTable.DEFAULT;
    private @Nullable EventHandler handler;
    private Deduplication deduplication = Deduplication.byEventId();
    private RetryWait retryWait = RetryWait.DEFAULT;
    private Duration startTimeout = DEFAULT_START_TIMEOUT;

    private Builder() {}

    /**
     * Who applies the events: the scope of the markers, and the {@code group.id} unless the Kafka
     * settings give one. Under a new name every event is new again.
     */
    public Builder consumer(String name) {
      this.consumer = name;
      return this;
    }

    public Builder topics(String... names) {
      return topics(List.of(names));
    }

    public Builder topics(Collection<String> names) {
      topics.addAll(names);
      return this;
    }

    /**
     * Settings of the Kafka consumer, {@code bootstrap.servers} at least. The inbox sets {@code
     * enable.auto.commit=false}, {@code isolation.level=read_committed}, {@code
     * auto.offset.reset=earliest} and the deserializers itself and refuses others. {@code
     * max.poll.records} is the largest batch, hence the largest transaction.
     */
    public Builder kafka(Map<String, ?> consumerSettings) {
      this.kafka = Map.copyOf(consumerSettings);
      return this;
    }

    /** The database of markers and effects; best a pool. */
    public Builder dataSource(DataSource dataSource) {
      return transactions(InboxTransactions.of(dataSource));
    }

    /** In place of a data source: transactions that a framework manages. */
    public Builder transactions(InboxTransactions transactions) {
      this.transactions = transactions;
      return this;
    }

    /** Where the markers are kept; {@link InboxTable#DEFAULT} unless given. */
    public Builder table(InboxTable table) {
      this.table = table;
      return this;
    }

    public Builder handler(EventHandler handler) {
      this.handler = handler;
      return this;
    }

    /** What makes two records the same event; {@link EventKeys#eventId()} unless given. */
    public Builder keys(EventKeys strategy) {
      return deduplication(Deduplication.byKey(strategy));
    }

    /** How to recognise what was seen; by event id unless given. The last call of these counts. */
    public Builder deduplication(Deduplication how) {
      this.deduplication = how;
      return this;
    }

    /**
     * The source of records without a header {@code ce_source}, for topics of publishers that set
     * only an id. Without it such a record is refused. Short for {@link EventKeys#eventId(String)}.
     */
    public Builder sourceWhenMissing(String source) {
      return keys(EventKeys.eventId(source));
    }

    /**
     * How long to wait after a failed attempt: the first wait, doubled each time, up to the
     * longest. 200 ms and 30 s unless given.
     */
    public Builder retryWait(Duration first, Duration longest) {
      this.retryWait = new RetryWait(first, longest);
      return this;
    }

    /** How long {@link InboxRunner#start} may take; 60 s unless given. */
    public Builder startTimeout(Duration timeout) {
      this.startTimeout = timeout;
      return this;
    }

    /**
     * @throws IllegalStateException naming what is missing
     * @throws ConsumerSettingsException when Kafka settings contradict the inbox's promise
     */
    public InboxRunner build() {
      if (topics.isEmpty()) {
        throw missing("topics(...)");
      }
      String name = required(consumer, "consumer(name)");
      MarkerText.check("consumer", name, MarkerText.LONGEST_CONSUMER);
      return new InboxRunner(
          new Settings(
              name,
              List.copyOf(topics),
              ConsumerSettings.complete(required(kafka, "kafka(settings)"), name),
              required(transactions, "dataSource(...) or transactions(...)"),
              table,
              required(handler, "handler(...)"),
              deduplication,
              retryWait,
              startTimeout));
    }

    private static <T> T required(@Nullable T value, String method) {
      if (value == null) {
        throw missing(method);
      }
      return value;
    }

    private static IllegalStateException missing(String method) {
      return new IllegalStateException("An inbox runner needs " + method);
    }
  }
}
