package dev.outbox.connect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.Shard;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.publishing.Delivery;
import dev.outbox.relay.publishing.Handover;
import dev.outbox.relay.publishing.PublishFailure;
import dev.outbox.relay.publishing.RecordCheck;
import dev.outbox.relay.routing.RoutedRecord;
import dev.outbox.relay.routing.RoutedRecord.Header;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.connect.source.SourceRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the worker gets, which may stop behind anything that it has. */
@WithLocalStack
class ConnectPublisherTest {

  private static final Duration AT_ONCE = Duration.ofMillis(1);

  private final String topic = "connect-" + UUID.randomUUID();
  private final Handoff handoff = new Handoff();
  private final List<String> told = new ArrayList<>();
  private ConnectPublisher publisher;

  @BeforeEach
  void open(KafkaServer kafka) {
    kafka.createTopic(topic, 1);
    ConnectorSettings settings =
        new ConnectorSettings(
            Map.of(
                "outbox.relay.name", "orders",
                "outbox.relay.database.url", "jdbc:postgresql://localhost:1/none",
                "outbox.relay.database.username", "nobody",
                "outbox.relay.kafka.bootstrap-servers", kafka.bootstrapServers()));
    publisher =
        new ConnectPublisher(
            RecordCheck.open(settings.relay(), () -> false, false),
            handoff,
            SourceOffsets.partition("orders", Shard.WHOLE));
  }

  @AfterEach
  void close() {
    publisher.close();
  }

  @Test
  void aTransactionThatIsUnderWayIsKeptUntilItsEnd() throws Exception {
    publish(100, 0);
    publish(200, 0);
    SourcePosition last = publish(200, 1);

    assertThat(publisher.commit(last, true)).isTrue();
    assertThat(texts()).containsExactly("100/0");
    assertThat(publisher.commit(last, true)).isTrue();
    assertThat(texts()).isEmpty();

    last = publish(200, 2);
    assertThat(publisher.commit(last, false)).isTrue();
    assertThat(texts()).containsExactly("200/0", "200/1", "200/2");
  }

  @Test
  void onlyATransactionThatNothingStandsBeforeHoldsUpEverything() throws Exception {
    publish(100, 0);
    SourcePosition last = publish(200, 0);
    assertThat(publisher.commit(last, true)).isTrue();
    assertThat(publisher.keepsAllBack()).isFalse();
    taken().forEach(handoff::decided);
    assertThat(publisher.keepsAllBack()).isTrue();
    assertThat(publisher.commit(last, false)).isTrue();
    assertThat(publisher.keepsAllBack()).isFalse();
    assertThat(told).containsExactly("100/0 acknowledged");
  }

  @Test
  void whatIsKeptWhenTheWorkerStopsIsNotSent() throws Exception {
    SourcePosition last = publish(200, 0);
    assertThat(publisher.commit(last, true)).isTrue();
    handoff.end();
    assertThat(publisher.isBroken()).isTrue();
    assertThat(publisher.commit(last, false)).isFalse();
    publisher.restore();
    assertThat(told).containsExactly("200/0 not sent");
    assertThat(publisher.publish(record(200, 1), delivery("200/1")))
        .isInstanceOf(Handover.GivenUp.class);
  }

  @Test
  void aWorkerThatStopsWithEverythingDecidedBreaksNothing() throws Exception {
    SourcePosition last = publish(100, 0);
    assertThat(publisher.commit(last, false)).isTrue();
    taken().forEach(handoff::decided);
    handoff.end();
    assertThat(publisher.isBroken()).isFalse();
    assertThat(publisher.commit(last, false)).isTrue();
  }

  private SourcePosition publish(long transaction, int index) {
    assertThat(publisher.publish(record(transaction, index), delivery(transaction + "/" + index)))
        .isInstanceOf(Handover.Taken.class);
    return new SourcePosition(1, transaction, index);
  }

  private RoutedRecord record(long transaction, int index) {
    String position = new SourcePosition(1, transaction, index).asText();
    return new RoutedRecord(
        topic,
        "key".getBytes(UTF_8),
        (transaction + "/" + index).getBytes(UTF_8),
        List.of(new Header("outbox-position", position.getBytes(UTF_8))));
  }

  private Delivery delivery(String name) {
    return new Delivery() {
      @Override
      public void acknowledged() {
        told.add(name + " acknowledged");
      }

      @Override
      public void failed(PublishFailure failure) {
        told.add(name + " not sent");
      }
    };
  }

  private List<String> texts() throws InterruptedException {
    return taken().stream().map(record -> new String((byte[]) record.value(), UTF_8)).toList();
  }

  private List<HandedRecord> taken() throws InterruptedException {
    List<SourceRecord> records = handoff.take(AT_ONCE);
    return records == null ? List.of() : records.stream().map(HandedRecord.class::cast).toList();
  }
}
