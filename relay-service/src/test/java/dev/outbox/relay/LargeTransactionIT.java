package dev.outbox.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What one relay with a heap of 256 MB passes on, however much it is. Rates are printed, they
 * decide nothing here.
 */
@WithLocalStack
@Tag("slow")
class LargeTransactionIT {

  private static final int MILLION = 1_000_000;
  private static final int KEYS = 1000;

  @AutoClose private OutboxDatabase database;
  private KafkaServer kafka;
  private Map<String, String> properties;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    properties = TestSettings.properties(database, kafka.bootstrapServers(), Map.of());
    // The slot is made before the backlog is written.
    try (RelayProcess relay = RelayProcess.run(properties)) {
      relay.awaitLeading();
    }
  }

  @Test
  void aTransactionOfTenThousandRowsIsPublishedInOrder() {
    writeInOneTransaction(1, 10_000);
    drain("one transaction of", 0, 10_000);
  }

  @Test
  @Tag("long")
  void aTransactionOfAMillionRowsNeedsNoMoreThanAMillionRowsInSmallOnes() {
    writeInTransactionsOfTen(1, MILLION);
    drain("transactions of ten,", 0, MILLION);
    writeInOneTransaction(MILLION + 1, 2 * MILLION);
    drain("one transaction of", MILLION, 2 * MILLION);
  }

  @Test
  @Tag("measure")
  void aBacklogOfTenMillionRowsIsPublishedInOrder() {
    writeInTransactionsOfTen(1, 10 * MILLION);
    drain("transactions of ten,", 0, 10 * MILLION);
  }

  private void writeInOneTransaction(int from, int to) {
    database.execute(rows(String.valueOf(from), String.valueOf(to)));
  }

  private void writeInTransactionsOfTen(int from, int to) {
    database.execute(
        """
        do $$ begin
          set synchronous_commit = off;
          for n in %d..%d by 10 loop
            %s;
            commit;
          end loop;
        end $$
        """
            .formatted(from, to, rows("n", "n + 9")));
  }

  /** Payloads begin with the row's number. */
  private static String rows(String from, String to) {
    return """
    insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
    select gen_random_uuid(), 'Order', (i %% %d)::text, 'Happened',
      rpad(i::text || ' ', 300, 'x')::bytea
    from generate_series(%s, %s) i
    """
        .formatted(KEYS, from, to);
  }

  /** Starts a relay and reads until every row is there, once and in order of its key. */
  private void drain(String what, int before, int rows) {
    try (RelayProcess relay =
            RelayProcess.start(properties, List.of("-Xmx256m", "-XX:+ExitOnOutOfMemoryError"));
        KafkaConsumer<byte[], String> consumer =
            TopicReader.consumer(kafka.bootstrapServers(), database.slot() + ".Order")) {
      relay.awaitLeading();
      long begin = System.nanoTime();
      int[] last = new int[KEYS];
      Arrays.setAll(last, key -> before - KEYS + key);
      last[0] = before;
      await()
          .atMost(Duration.ofMinutes(60))
          .pollInSameThread()
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(1))
          .until(
              () -> {
                for (ConsumerRecord<byte[], String> event : consumer.poll(Duration.ofMillis(500))) {
                  int number = Integer.parseInt(event.value(), 0, event.value().indexOf(' '), 10);
                  int key = number % KEYS;
                  if (number > before) {
                    assertThat(number).isEqualTo(last[key] + KEYS);
                    last[key] = number;
                  }
                }
                assertThat(relay.process().isAlive()).as("the relay is alive").isTrue();
                return Arrays.stream(last).allMatch(number -> number > rows - KEYS);
              });
      double seconds = (System.nanoTime() - begin) / 1e9;
      System.out.printf(
          "%s %d rows: %.0f a second, resident %s%n",
          what, rows - before, (rows - before) / seconds, peakMemory(relay));
    }
  }

  private static String peakMemory(RelayProcess relay) {
    Path status = Path.of("/proc", String.valueOf(relay.process().pid()), "status");
    try {
      return Files.readAllLines(status).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .map(line -> line.substring("VmHWM:".length()).strip())
          .findFirst()
          .orElse("unknown");
    } catch (IOException e) {
      return "unknown on this system";
    }
  }
}
