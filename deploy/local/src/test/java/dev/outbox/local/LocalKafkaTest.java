package dev.outbox.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

class LocalKafkaTest {

  @Test
  void aBrokerInsideThisJvmKeepsRecordsWhenStoppedAndCannotBeKilled() throws Exception {
    try (LocalKafka kafka = LocalKafka.builder().inProcess().start()) {
      produce(kafka, "made-by-the-first-record", "before the stop");

      kafka.stop();
      kafka.start();

      assertThat(consume(kafka, "made-by-the-first-record", 1)).containsExactly("before the stop");
      assertThatThrownBy(kafka::kill)
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("ownProcess()");
    }
  }

  @Test
  void aSettingThatTheBrokerRefusesIsReportedInItsOwnWords() {
    assertThatThrownBy(() -> LocalKafka.builder().setting("num.partitions", "none").start())
        .isInstanceOf(LocalStackException.class)
        .hasMessageContaining("Invalid value none for configuration num.partitions");
  }

  private static void produce(KafkaServer kafka, String topic, String value) throws Exception {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", kafka.bootstrapServers()),
            new StringSerializer(),
            new StringSerializer())) {
      producer.send(new ProducerRecord<>(topic, "key", value)).get();
    }
  }

  private static List<String> consume(KafkaServer kafka, String topic, int count) {
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                kafka.bootstrapServers(),
                "group.id",
                "reader",
                "auto.offset.reset",
                "earliest"),
            new StringDeserializer(),
            new StringDeserializer())) {
      consumer.subscribe(List.of(topic));
      List<String> values = new ArrayList<>();
      await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(r -> values.add(r.value()));
                return values.size() >= count;
              });
      return values;
    }
  }
}
