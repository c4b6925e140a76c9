package dev.outbox.relay.support;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.relay.Relay;
import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.metrics.RelayMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A relay that is stopped, killed and started again while its slot goes, and its topics. */
public final class RecoveringRelay implements AutoCloseable {

  private final String brokers;
  private final TopicReader topics;
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private OutboxDatabase database;
  private Map<String, String> settings = Map.of();
  private Relay relay;

  public RecoveringRelay(OutboxDatabase database, String brokers) {
    this.database = database;
    this.brokers = brokers;
    this.topics = new TopicReader(brokers, database.slot());
    this.relay = create();
  }

  private Relay create() {
    Map<String, String> all = new HashMap<>(Map.of("heartbeat-interval", "200ms"));
    all.putAll(settings);
    return new Relay(TestSettings.of(database, brokers, all), new RelayMetrics(registry));
  }

  /** Settings of relays started from now on. */
  public void settings(Map<String, String> more) {
    settings = more;
  }

  /** Where the next relay finds the database, and where rows are counted from now on. */
  public void use(OutboxDatabase other) {
    database = other;
  }

  public String name() {
    return "test-" + database.slot();
  }

  /** Starts a relay and returns when it leads. */
  public void start() {
    begin();
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Leading);
  }

  /** The same, and returns when it has published something and written a checkpoint. */
  public void startAndPublish() {
    start();
    awaitCheckpoint();
    insert(30);
    awaitEverythingOnce();
  }

  /** Starts a relay. */
  public void begin() {
    relay = create();
    relay.start();
  }

  public void stop() throws InterruptedException {
    relay.stop();
  }

  /** Ends the relay's stream from outside, and then the relay without time to finish. */
  public void kill() throws InterruptedException {
    database.execute(
        "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '"
            + database.slot()
            + "' and active");
    relay.stop();
  }

  /** Writes events to several aggregates, in one transaction. */
  public void insert(int events) {
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i %% 7)::text, 'Happened', '{}'
        from generate_series(1, %d) i
        """
            .formatted(events));
  }

  public double recoveries() {
    return registry.get("outbox.relay.recoveries").counter().count();
  }

  public double recoveredEvents() {
    return registry.get("outbox.relay.events.recovered").counter().count();
  }

  public List<String> ids() {
    return topics.ids();
  }

  public void awaitRecovered(int times) {
    await().atMost(PATIENCE).until(() -> recoveries() == times);
  }

  /** Returns when a checkpoint has been written that was begun from now on. */
  public void awaitCheckpoint() {
    String now = database.query("select clock_timestamp()");
    await()
        .atMost(PATIENCE)
        .until(
            () -> "t".equals(database.query("select floor_at > '" + now + "' from outbox_relay")));
  }

  /** Returns when the relay has looked several times whether it can write a checkpoint. */
  public void awaitCheckpointAttempts() {
    double beats = registry.get("outbox.relay.events.ignored").counter().count();
    await()
        .atMost(PATIENCE)
        .until(() -> registry.get("outbox.relay.events.ignored").counter().count() > beats + 40);
  }

  public void awaitFailure(String problem, String remedy) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(relay.state())
                    .isInstanceOfSatisfying(
                        Failed.class,
                        failed -> {
                          assertThat(failed.failure().problem()).contains(problem);
                          assertThat(failed.failure().remedy()).contains(remedy);
                        }));
  }

  /** Every row stands on the topics, in order of its aggregate, once. */
  public void awaitEverythingOnce() {
    await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .until(() -> new HashSet<>(ids()).containsAll(database.eventIds()));
    assertThat(topics.idsByKey()).isEqualTo(database.eventIdsByKey());
  }

  /** The same, as long as a transaction is open. */
  public void awaitCommittedOnce() {
    awaitEverythingOnce();
  }

  /** Every row stands on the topics, and what was there first is in order of its aggregate. */
  public void awaitEverything() {
    await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .until(() -> new HashSet<>(ids()).containsAll(database.eventIds()));
    Map<String, List<String>> first = new HashMap<>();
    topics.idsByKey().forEach((key, ids) -> first.put(key, ids.stream().distinct().toList()));
    assertThat(first).isEqualTo(database.eventIdsByKey());
  }

  /** Positions of events, where they come first, grow along each partition. */
  public void assertPositionsGrow() {
    Map<Integer, String> last = new LinkedHashMap<>();
    HashSet<String> seen = new HashSet<>();
    for (ConsumerRecord<byte[], byte[]> record : topics.poll()) {
      if (seen.add(TopicReader.header(record, "id"))) {
        String position = TopicReader.header(record, "outbox-position");
        String before = last.put(record.partition(), position);
        if (before != null) {
          assertThat(position).isGreaterThan(before);
        }
      }
    }
  }

  /** Services that write one event after the other, each to aggregates of its own. */
  public Writers writers(int threads) {
    return new Writers(threads);
  }

  @Override
  public void close() throws InterruptedException {
    relay.stop();
    topics.close();
  }

  /** Threads that write until closed. */
  public final class Writers implements AutoCloseable {
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicInteger written = new AtomicInteger();
    private volatile boolean ending;

    private Writers(int count) {
      for (int i = 0; i < count; i++) {
        int writer = i;
        Thread thread = new Thread(() -> write(writer));
        thread.start();
        threads.add(thread);
      }
    }

    private void write(int writer) {
      try (Connection connection = database.connect()) {
        for (int i = 0; !ending; i++) {
          OutboxDatabase.insert(connection, "Order", writer + "-" + i % 3, "x");
          written.incrementAndGet();
          Thread.sleep(2);
        }
      } catch (SQLException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    public void awaitWritten(int events) {
      await().atMost(PATIENCE).until(() -> written.get() >= events);
    }

    @Override
    public void close() throws InterruptedException {
      ending = true;
      for (Thread thread : threads) {
        thread.join();
      }
    }
  }
}
