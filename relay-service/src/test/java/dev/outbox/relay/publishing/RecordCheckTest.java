package dev.outbox.relay.publishing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.SettingsLoader;
import dev.outbox.relay.publishing.Handover.Refused;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.routing.RoutedRecord;
import dev.outbox.relay.routing.RoutedRecord.Header;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is refused beforehand is what producer and broker would refuse, to the byte. */
@WithLocalStack
class RecordCheckTest {

  private static final int MUCH = 40_000;

  private final String topic = "check-" + UUID.randomUUID();
  private KafkaServer kafka;

  @BeforeEach
  void createTopic(KafkaServer broker) {
    kafka = broker;
    kafka.createTopic(topic, 1);
  }

  @Test
  void asLargeAsTheTopicTakes() throws Exception {
    kafka.configureTopic(topic, "max.message.bytes", "20000");
    assertTheSameLimit(Map.of());
  }

  @Test
  void asLargeAsTheProducerTakes() throws Exception {
    assertTheSameLimit(Map.of("max.request.size", "20000"));
  }

  private void assertTheSameLimit(Map<String, String> producerSettings) throws Exception {
    try (RecordCheck check = RecordCheck.open(settings(producerSettings), () -> false, false);
        KafkaProducer<byte[], byte[]> producer = producer(producerSettings)) {
      int largest = largest(size -> check.hindrance(record(size)) == null);
      assertThatNoException().isThrownBy(() -> producer.send(sent(largest)).get());
      assertThatThrownBy(() -> producer.send(sent(largest + 1)).get())
          .hasRootCauseInstanceOf(RecordTooLargeException.class);
      assertThat(check.hindrance(record(largest + 1)))
          .isInstanceOfSatisfying(
              Refused.class,
              refused ->
                  assertThat(refused.failure())
                      .isInstanceOfSatisfying(
                          Rejected.class,
                          rejected -> assertThat(rejected.reason()).contains("(20000)")));
    }
  }

  @Test
  void aLimitThatIsRaisedCountsAtOnce() {
    kafka.configureTopic(topic, "max.message.bytes", "20000");
    try (RecordCheck check = RecordCheck.open(settings(Map.of()), () -> false, false)) {
      assertThat(check.hindrance(record(MUCH))).isInstanceOf(Refused.class);
      kafka.configureTopic(topic, "max.message.bytes", "100000");
      assertThat(check.hindrance(record(MUCH))).isNull();
    }
  }

  private static int largest(Predicate<Integer> fits) {
    int least = 0;
    int most = MUCH;
    while (least < most) {
      int middle = (least + most + 1) / 2;
      if (fits.test(middle)) {
        least = middle;
      } else {
        most = middle - 1;
      }
    }
    return least;
  }

  private RoutedRecord record(int size) {
    return new RoutedRecord(
        topic,
        "key".getBytes(UTF_8),
        new byte[size],
        List.of(new Header("id", new byte[36]), new Header("é", new byte[0])));
  }

  private ProducerRecord<byte[], byte[]> sent(int size) {
    return KafkaPublisher.record(record(size));
  }

  private RelaySettings settings(Map<String, String> producer) {
    Map<String, String> settings = new HashMap<>();
    settings.put("outbox.relay.name", "check");
    settings.put("outbox.relay.database.url", "jdbc:postgresql://localhost:1/none");
    settings.put("outbox.relay.database.username", "nobody");
    settings.put("outbox.relay.kafka.bootstrap-servers", kafka.bootstrapServers());
    producer.forEach((name, value) -> settings.put("outbox.relay.kafka.properties." + name, value));
    return SettingsLoader.load(settings);
  }

  private KafkaProducer<byte[], byte[]> producer(Map<String, String> more) {
    Map<String, Object> settings = new HashMap<>(more);
    settings.put("bootstrap.servers", kafka.bootstrapServers());
    settings.putIfAbsent("max.request.size", "1000000");
    return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
  }
}
