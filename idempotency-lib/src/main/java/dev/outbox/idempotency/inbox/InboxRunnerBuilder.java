package dev.outbox.idempotency.inbox;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Collects what a runner needs. Required: consumer, topics, kafka, a data source, handler. */
public final class InboxRunnerBuilder {

  /** How long {@link InboxRunner#start} waits unless told otherwise. */
  static final Duration DEFAULT_START_TIMEOUT = Duration.ofSeconds(60);

  private @Nullable String consumer;
  private final List<String> topics = new ArrayList<>();
  private @Nullable Map<String, ?> kafka;
  private @Nullable InboxTransactions transactions;
  private InboxTable table = InboxTable.DEFAULT;
  private @Nullable EventHandler handler;
  private Deduplication deduplication = Deduplication.byEventId();
  private Attempts attempts = Attempts.DEFAULT;
  private FailurePolicy onFailure = FailurePolicy.waitForSuccess();
  private int concurrency = 1;
  private Optional<RunnerSettings.Retention> retention = Optional.empty();
  private Duration startTimeout = DEFAULT_START_TIMEOUT;

  InboxRunnerBuilder() {}

  /**
   * Who applies the events: the scope of the markers, and the {@code group.id} unless the Kafka
   * settings give one. Under a new name every event is new again.
   */
  public InboxRunnerBuilder consumer(String name) {
    this.consumer = name;
    return this;
  }

  public InboxRunnerBuilder topics(String... names) {
    return topics(List.of(names));
  }

  public InboxRunnerBuilder topics(Collection<String> names) {
    topics.addAll(names);
    return this;
  }

  /**
   * Settings of the Kafka consumer, {@code bootstrap.servers} at least. The inbox sets {@code
   * enable.auto.commit=false}, {@code isolation.level=read_committed}, {@code
   * auto.offset.reset=earliest} and the deserializers itself and refuses others. {@code
   * max.poll.records} is the largest batch, hence the largest transaction.
   */
  public InboxRunnerBuilder kafka(Map<String, ?> consumerSettings) {
    this.kafka = Map.copyOf(consumerSettings);
    return this;
  }

  /** The database of markers and effects; best a pool. */
  public InboxRunnerBuilder dataSource(DataSource dataSource) {
    return transactions(InboxTransactions.of(dataSource));
  }

  /** In place of a data source: transactions that a framework manages. */
  public InboxRunnerBuilder transactions(InboxTransactions transactions) {
    this.transactions = transactions;
    return this;
  }

  /** Where the markers are kept; {@link InboxTable#DEFAULT} unless given. */
  public InboxRunnerBuilder table(InboxTable table) {
    this.table = table;
    return this;
  }

  public InboxRunnerBuilder handler(EventHandler handler) {
    this.handler = handler;
    return this;
  }

  /** What makes two records the same event; {@link EventKeys#eventId()} unless given. */
  public InboxRunnerBuilder keys(EventKeys strategy) {
    return deduplication(Deduplication.byKey(strategy));
  }

  /** How to recognise what was seen; by event id unless given. The last call of these counts. */
  public InboxRunnerBuilder deduplication(Deduplication how) {
    this.deduplication = how;
    return this;
  }

  /**
   * The source of records without a header {@code ce_source}, for topics of publishers that set
   * only an id. Without it such a record is refused. Short for {@link EventKeys#eventId(String)}.
   */
  public InboxRunnerBuilder sourceWhenMissing(String source) {
    return keys(EventKeys.eventId(source));
  }

  /**
   * How long to wait after a failed attempt: the first wait, doubled each time, up to the longest,
   * and then something between half of that and all of it. 200 ms and 30 s unless given.
   */
  public InboxRunnerBuilder retryWait(Duration first, Duration longest) {
    RetryWait wait = new RetryWait(first, longest);
    this.attempts = new Attempts(attempts.most(), wait, attempts.worthARetry());
    return this;
  }

  /**
   * How often an event is tried before it is given up, where {@link #onFailure} gives up at all; 10
   * unless given. Failures of the database itself do not count.
   */
  public InboxRunnerBuilder attempts(int most) {
    this.attempts = new Attempts(most, attempts.between(), attempts.worthARetry());
    return this;
  }

  /**
   * Which failures of the handler may pass by themselves; the others are given up at the first
   * attempt. All unless given.
   */
  public InboxRunnerBuilder retryOn(Predicate<? super Exception> worthARetry) {
    this.attempts = new Attempts(attempts.most(), attempts.between(), worthARetry);
    return this;
  }

  /** What becomes of an event that cannot be applied; its partition waits unless given. */
  public InboxRunnerBuilder onFailure(FailurePolicy policy) {
    this.onFailure = policy;
    return this;
  }

  /**
   * How many partitions are worked on at once, each by one thread at a time; 1 unless given. The
   * handler is then called by as many threads, and the pool of connections needs as many.
   */
  public InboxRunnerBuilder concurrency(int partitionsAtOnce) {
    this.concurrency = partitionsAtOnce;
    return this;
  }

  /**
   * How long markers are kept; for ever unless given. The runner removes older ones, every minute
   * in small batches, and refuses to start when the topics keep records for longer than that.
   */
  public InboxRunnerBuilder retention(Duration window) {
    return retention(window, RetentionCheck.REFUSE);
  }

  /** How long markers are kept, and what happens at the start when topics keep records longer. */
  public InboxRunnerBuilder retention(Duration window, RetentionCheck check) {
    this.retention = Optional.of(new RunnerSettings.Retention(window, check));
    return this;
  }

  /** How long {@link InboxRunner#start} may take; 60 s unless given. */
  public InboxRunnerBuilder startTimeout(Duration timeout) {
    this.startTimeout = timeout;
    return this;
  }

  /**
   * @throws IllegalStateException naming what is missing
   * @throws ConsumerSettingsException when Kafka settings contradict the inbox's promise
   */
  public InboxRunner build() {
    return new InboxRunner(settings());
  }

  /**
   * The consumer's dead letters, to look at and to apply later with the same handler.
   *
   * @throws IllegalStateException naming what is missing
   * @throws ConsumerSettingsException when Kafka settings contradict the inbox's promise
   */
  public DeadLetters deadLetters() {
    return new DeadLetters(settings());
  }

  private RunnerSettings settings() {
    if (topics.isEmpty()) {
      throw missing("topics(...)");
    }
    if (concurrency < 1) {
      throw new IllegalArgumentException("concurrency(%d): at least 1".formatted(concurrency));
    }
    if (retention.isPresent() && deduplication instanceof Deduplication.ByPosition) {
      throw new IllegalArgumentException(
          "retention(%s): by position there are no markers that could expire; leave it out"
              .formatted(retention.get().window()));
    }
    String name = required(consumer, "consumer(name)");
    MarkerText.check("consumer", name, MarkerText.LONGEST_CONSUMER);
    return new RunnerSettings(
        name,
        List.copyOf(topics),
        ConsumerSettings.complete(required(kafka, "kafka(settings)"), name),
        required(transactions, "dataSource(...) or transactions(...)"),
        table,
        required(handler, "handler(...)"),
        deduplication,
        attempts,
        onFailure,
        concurrency,
        retention,
        startTimeout);
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
