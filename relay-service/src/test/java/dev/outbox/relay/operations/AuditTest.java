package dev.outbox.relay.operations;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.operations.AuditReport.Example;
import dev.outbox.relay.operations.ProgressListener.Progress;
import dev.outbox.relay.slot.Initialization;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.Relays;
import dev.outbox.relay.support.TestSettings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Audits of a real table against real topics, which a relay or the test itself has written. */
@WithLocalStack
@Execution(ExecutionMode.CONCURRENT)
class AuditTest {

  @AutoClose private OutboxDatabase database;
  private KafkaServer kafka;
  private RelaySettings settings;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    settings = TestSettings.of(database, kafka.bootstrapServers(), Map.of());
    new Initialization(new SourceDatabase(settings), settings).run(false);
  }

  @Test
  void whatARelayHasPublishedIsSound() throws Exception {
    try (AutoCloseable relay = relay()) {
      insertMany(500);
      AuditReport report = audit(AuditRange.ALL);
      assertThat(report.isSound()).isTrue();
      assertThat(report.rows()).isEqualTo(500);
      assertThat(report.published()).isEqualTo(500);
      assertThat(report.records()).isEqualTo(500);
      assertThat(report.duplicated().count()).isZero();
      assertThat(report.unknown().count()).isZero();
      assertThat(report.asText()).contains("Sound: nothing is lost");
    }
  }

  @Test
  void progressTellsOfEachPartUntilItIsDone() throws Exception {
    try (AutoCloseable relay = relay()) {
      insertMany(500);
      List<Progress> told = new ArrayList<>();
      new Audit(new SourceDatabase(settings), settings, PATIENCE, told::add).run(AuditRange.ALL);
      assertThat(last(told, "Reading rows").done()).isEqualTo(500);
      Progress waited = last(told, "Waiting for the relay");
      assertThat(waited.done()).isEqualTo(waited.of().orElseThrow());
      Progress read = last(told, "Reading topics");
      assertThat(read.done()).isEqualTo(500);
      assertThat(read.of()).hasValue(500);
      // And none of them goes back
      for (int i = 1; i < told.size(); i++) {
        if (told.get(i).doing().equals(told.get(i - 1).doing())) {
          assertThat(told.get(i).done()).isGreaterThanOrEqualTo(told.get(i - 1).done());
        }
      }
    }
  }

  private static Progress last(List<Progress> told, String doing) {
    return told.stream()
        .filter(progress -> progress.doing().equals(doing))
        .reduce((one, next) -> next)
        .orElseThrow(() -> new AssertionError(doing + " is not among " + told));
  }

  @Test
  void rowsThatAreUnderWayAreNeverCalledLost() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    Thread writer =
        new Thread(
            () -> {
              while (!stop.get()) {
                insertMany(50);
              }
            });
    try (AutoCloseable relay = relay()) {
      writer.start();
      // When audits run while rows are written and published
      for (int i = 0; i < 5; i++) {
        AuditReport report = audit(AuditRange.ALL);
        // Then all that could be seen is there
        assertThat(report.lost().examples()).isEmpty();
        assertThat(report.pending()).isZero();
        assertThat(report.published()).isEqualTo(report.rows());
        assertThat(report.unknown().count()).isZero();
      }
    } finally {
      stop.set(true);
      writer.join();
    }
  }

  @Test
  void aRowThatTheSlotHasPassedWithoutARecordIsLost() throws Exception {
    try (AutoCloseable relay = relay()) {
      // Given a published row, and one that the relay has passed without a record of its ID
      String published = database.insert("Order", "1", "published");
      String lost = withoutRecord(database.insert("Order", "ä-42", "x"));
      AuditReport report = audit(AuditRange.ALL);
      // Then it is named
      assertThat(report.isSound()).isFalse();
      assertThat(report.published()).isEqualTo(1);
      assertThat(report.lost().count()).isEqualTo(1);
      assertThat(report.lost().examples().get(0).id()).isEqualTo(lost);
      assertThat(report.lost().examples().get(0).about())
          .contains("seq 2")
          .contains("Happened of Order ä-42");
      assertThat(report.asText())
          .contains(lost)
          .doesNotContain(published)
          .contains("NOT SOUND: 1 lost, 0 out of order");
    }
  }

  @Test
  void rowsThatNoRelayHasReachedArePending() throws Exception {
    insertMany(3);
    AuditReport report = auditWithoutWaiting();
    assertThat(report.pending()).isEqualTo(3);
    assertThat(report.isSound()).isTrue();
    assertThat(report.asText()).contains("3 rows wait for the relay");
  }

  @Test
  void aRepeatIsADuplicateUnlessAReplayPutItThere() throws Exception {
    String id = database.insert("Order", "1", "x");
    produce(id, "1", 1);
    produce(id, "1", 1);
    produce(id, "1", 9, "outbox-replay");
    AuditReport report = auditWithoutWaiting();
    assertThat(report.published()).isEqualTo(1);
    assertThat(report.duplicated().count()).isEqualTo(1);
    assertThat(report.duplicated().examples().get(0).id()).isEqualTo(id);
    assertThat(report.replayed()).isEqualTo(1);
    assertThat(report.isSound()).isTrue();
  }

  @Test
  void positionsThatFallWithinAKeyAreInversions() throws Exception {
    List<String> ids = insertEach(5);
    produce(ids.get(0), "1", 1);
    produce(ids.get(2), "1", 3);
    produce(ids.get(1), "1", 2);
    produce(ids.get(3), "1", 4);
    // Another key is another order
    produce(ids.get(4), "2", 1);
    AuditReport report = auditWithoutWaiting();
    assertThat(report.outOfOrder().examples()).extracting(Example::id).containsExactly(ids.get(1));
    assertThat(report.isSound()).isFalse();
  }

  @Test
  void aRunThatRepeatsAsAWholeIsNoInversion() throws Exception {
    List<String> ids = insertEach(4);
    for (int i : new int[] {0, 1, 2, 1, 2, 3}) {
      produce(ids.get(i), "1", i);
    }
    AuditReport report = auditWithoutWaiting();
    assertThat(report.outOfOrder().examples()).isEmpty();
    assertThat(report.duplicated().count()).isEqualTo(2);
    assertThat(report.published()).isEqualTo(4);
  }

  @Test
  void whatIsSetAsideIsNotLost() throws Exception {
    try (AutoCloseable relay = relay()) {
      // Given rows without records, of which one is parked, one discarded, one released
      List<String> ids = insertEach(3).stream().map(this::withoutRecord).toList();
      List<String> states = List.of("parked", "discarded", "released");
      for (int i = 0; i < states.size(); i++) {
        database.execute(
            """
          insert into outbox_parked (relay, position, id, aggregatetype, aggregateid, state, stage,
            reason, attempts)
          values ('%s', '%s', '%s', 'Order', '1', '%s', 'ROUTING', 'as a test', 1)
          """
                .formatted(
                    settings.name(),
                    new SourcePosition(1, 1, i).asText(),
                    ids.get(i),
                    states.get(i)));
      }
      AuditReport report = audit(AuditRange.ALL);
      assertThat(report.parked()).isEqualTo(1);
      assertThat(report.discarded()).isEqualTo(1);
      // Then only the released one must be on the topic
      assertThat(report.lost().examples()).extracting(Example::id).containsExactly(ids.get(2));
    }
  }

  @Test
  void onlyTheRangeIsAuditedAndItsNeighboursAreNotUnknown() throws Exception {
    List<String> ids = insertEach(3);
    String stranger = UUID.randomUUID().toString();
    database.execute(
        "update outbox_event set created_at = now() - interval '1 hour' where id = '%s'"
            .formatted(ids.get(0)));
    database.execute(
        "update outbox_event set created_at = now() + interval '1 hour' where id = '%s'"
            .formatted(ids.get(2)));
    produce(ids.get(1), "1", 1);
    produce(ids.get(2), "1", 2);
    produce(stranger, "1", 3);
    AuditReport report =
        audit(
            new AuditRange(Instant.now().minusSeconds(600), Instant.now().plusSeconds(600)),
            Duration.ZERO);
    assertThat(report.rows()).isEqualTo(1);
    assertThat(report.published()).isEqualTo(1);
    assertThat(report.records()).isEqualTo(3);
    assertThat(report.unknown().examples()).extracting(Example::id).containsExactly(stranger);
  }

  @Test
  void rowsOlderThanWhatTheTopicStillHoldsAreExpired() throws Exception {
    List<String> ids = insertEach(2);
    database.execute(
        "update outbox_event set created_at = now() - interval '1 hour' where id = '%s'"
            .formatted(ids.get(0)));
    kafka.createTopic(topic(), 1);
    try (AutoCloseable relay = relay()) {
      audit(AuditRange.ALL);
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
        admin
            .deleteRecords(Map.of(new TopicPartition(topic(), 0), RecordsToDelete.beforeOffset(1)))
            .all()
            .get();
      }
      AuditReport report = audit(AuditRange.ALL);
      assertThat(report.published()).isEqualTo(1);
      assertThat(report.expired()).isEqualTo(1);
      assertThat(report.isSound()).isTrue();
    }
  }

  @Test
  void anEmptyTableAndATopicThatIsMissingAreNoFailure() throws Exception {
    assertThat(auditWithoutWaiting().rows()).isZero();
    database.insert("Nowhere", "1", "x");
    assertThat(auditWithoutWaiting().pending()).isEqualTo(1);
  }

  private AutoCloseable relay() {
    return Relays.leading(database, kafka, Map.of());
  }

  private AuditReport audit(AuditRange range) throws InterruptedException {
    return audit(range, PATIENCE);
  }

  private AuditReport auditWithoutWaiting() throws InterruptedException {
    return audit(AuditRange.ALL, Duration.ZERO);
  }

  private AuditReport audit(AuditRange range, Duration patience) throws InterruptedException {
    return new Audit(new SourceDatabase(settings), settings, patience, said -> {}).run(range);
  }

  private String topic() {
    return database.slot() + ".Order";
  }

  /** The event gets another ID, once the relay has read it; which it returns. */
  private String withoutRecord(String id) {
    try {
      audit(AuditRange.ALL);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    String other = UUID.randomUUID().toString();
    database.execute("update outbox_event set id = '%s' where id = '%s'".formatted(other, id));
    return other;
  }

  private List<String> insertEach(int events) {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < events; i++) {
      ids.add(database.insert("Order", "1", "x"));
    }
    return ids;
  }

  private void insertMany(int events) {
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i %% 7)::text, 'Many', '{}'
        from generate_series(1, %d) i
        """
            .formatted(events));
  }

  /** A record as a relay would write it, but as wrong as the test wants it. */
  private void produce(String id, String key, int index, String... moreHeaders) throws Exception {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      ProducerRecord<byte[], byte[]> record =
          new ProducerRecord<>(topic(), 0, key.getBytes(UTF_8), new byte[] {1});
      record.headers().add("id", id.getBytes(UTF_8));
      String position = new SourcePosition(1, 1000, index).asText();
      record.headers().add("outbox-position", position.getBytes(UTF_8));
      for (String name : moreHeaders) {
        record.headers().add(name, position.getBytes(UTF_8));
      }
      producer.send(record).get();
    }
  }
}
