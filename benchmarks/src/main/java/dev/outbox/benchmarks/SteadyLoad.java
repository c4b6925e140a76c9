package dev.outbox.benchmarks;

import dev.outbox.local.ChildProcess;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/**
 * A contender that runs, writers before it that keep a rate, each transaction with one event, and a
 * consumer behind it.
 */
final class SteadyLoad implements AutoCloseable {

  /** How long to keep a rate before its figures count. */
  static final Duration WARM_UP = Duration.ofSeconds(10);

  private static final int STACK_WARM_UP_RATE = 1_000;
  private static final Duration STACK_WARM_UP = Duration.ofSeconds(45);

  private static final int WRITERS = 8;
  private static final int PAYLOAD_BYTES = 500;
  private static final int KEYS = 1_000;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration POLL = Duration.ofMillis(100);

  private final Stack stack;
  private final Contender contender;
  private final ChildProcess process;
  private final KafkaConsumer<byte[], byte[]> consumer;

  private SteadyLoad(Stack stack, Contender contender) {
    this.stack = stack;
    this.contender = contender;
    this.process = contender.start(stack);
    this.consumer = Arrival.consumer(stack);
    consumer.assign(Arrival.partitionsOf(consumer, contender.topic()));
  }

  /**
   * A broker that has just started needs most of the processor, and whoever is first pays for it.
   */
  static void warmUp(Stack stack, Contender any) {
    try (SteadyLoad load = start(stack, any)) {
      var unused = load.keep(STACK_WARM_UP_RATE, STACK_WARM_UP);
    }
  }

  /** Starts the contender on an empty outbox. */
  static SteadyLoad start(Stack stack, Contender contender) {
    stack.database().newOutbox();
    contender.prepare(stack);
    stack.createTopic(contender.topic(), Workload.PARTITIONS);
    return new SteadyLoad(stack, contender);
  }

  /**
   * Keeps a rate, and returns when the consumer has everything.
   *
   * @param rate transactions a second
   * @return the time of each event from the return of its commit to the consumer's poll
   */
  Durations keep(int rate, Duration time) {
    int events = Math.toIntExact(rate * time.toSeconds());
    AtomicLongArray committed = new AtomicLongArray(events);
    ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
    try {
      List<Future<?>> writing = new ArrayList<>();
      long begin = System.nanoTime();
      for (int writer = 0; writer < WRITERS; writer++) {
        int first = writer;
        writing.add(
            writers.submit(
                () -> {
                  write(committed, first, begin, 1e9 / rate);
                  return null;
                }));
      }
      long[] arrived = read(events);
      for (Future<?> writer : writing) {
        writer.get();
      }
      // A record may be read before its writer has noted the commit.
      return Durations.ofNanos(
          IntStream.range(0, events).mapToLong(i -> Math.max(0, arrived[i] - committed.get(i))));
    } catch (ExecutionException e) {
      throw new BenchmarkException("A writer fails", e);
    } catch (InterruptedException e) {
      throw BenchmarkException.interrupted(e);
    } finally {
      writers.shutdownNow();
    }
  }

  /** What the contender has used so far. */
  ProcessFigures used() {
    return ProcessFigures.of(process.pid());
  }

  private void write(AtomicLongArray committed, int first, long begin, double nanosBetween)
      throws SQLException {
    try (Connection connection = stack.database().connect();
        PreparedStatement insert =
            connection.prepareStatement(
                """
                insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
                values (gen_random_uuid(), 'Order', ?, 'OrderPlaced', rpad(?, %d, 'x')::bytea)
                """
                    .formatted(PAYLOAD_BYTES))) {
      for (int i = first; i < committed.length(); i += WRITERS) {
        LockSupport.parkNanos(begin + (long) (i * nanosBetween) - System.nanoTime());
        insert.setString(1, Workload.KEY_PREFIX + i % KEYS);
        insert.setString(2, i + " ");
        insert.executeUpdate();
        committed.set(i, System.nanoTime());
      }
    }
  }

  private long[] read(int events) {
    long[] arrived = new long[events];
    int read = 0;
    long lastNanos = System.nanoTime();
    while (read < events) {
      for (ConsumerRecord<byte[], byte[]> event : consumer.poll(POLL)) {
        lastNanos = System.nanoTime();
        int number = Arrival.number(event.value());
        if (arrived[number] == 0) {
          arrived[number] = lastNanos;
          read++;
        }
      }
      if (System.nanoTime() - lastNanos > PATIENCE.toNanos()) {
        throw new BenchmarkException(
            "%,d of %,d events came:%n%s".formatted(read, events, process.output()));
      }
    }
    return arrived;
  }

  @Override
  public void close() {
    consumer.close();
    process.close();
    stack.deleteTopic(contender.topic());
  }
}
