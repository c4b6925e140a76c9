package dev.outbox.local;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
@Tag("slow")
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

  @Test
  void aBrokerBehindAProxyServesItsClientsThroughItAndOthersPastIt() throws Exception {
    try (FaultProxy proxy = FaultProxy.before(TcpPorts.free());
        LocalKafka kafka = LocalKafka.builder().behind(proxy).start()) {
      kafka.createTopic("topic", 1);
      try (KafkaProducer<String, String> producer = producer(proxy.address(), Map.of())) {
        producer.send(new ProducerRecord<>("topic", "key", "through")).get();
        // When the proxy is silent
        proxy.stall();
        var held = producer.send(new ProducerRecord<>("topic", "key", "held"));
        // Then others get past it, and it alone holds its client back
        produce(kafka, "topic", "past");
        assertThat(held).isNotDone();
        proxy.resume();
        held.get();
        // And when it cuts, the client comes back through it
        proxy.cut();
        producer.send(new ProducerRecord<>("topic", "key", "again")).get();
        assertThat(proxy.connections()).isPositive();
      }
      assertThat(consume(kafka, "topic", 4)).containsExactly("through", "past", "held", "again");
    }
  }

  @Test
  void aStoppedBrokerMovesToAnotherAddressWithItsRecords() throws Exception {
    int other = TcpPorts.free();
    try (LocalKafka kafka = LocalKafka.builder().start()) {
      String before = kafka.bootstrapServers();
      produce(kafka, "topic", "before");
      assertThatThrownBy(() -> kafka.moveTo(other))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("stop it first");

      kafka.stop();
      kafka.moveTo(other);
      kafka.start();

      assertThat(kafka.bootstrapServers()).isEqualTo("localhost:" + other).isNotEqualTo(before);
      assertThat(consume(kafka, "topic", 1)).containsExactly("before");
    }
  }

  @Test
  void accessListsHoldForClientsOfTheirAddressOnly() throws Exception {
    try (LocalKafka kafka = LocalKafka.builder().accessLists().start()) {
      AccessLists lists = kafka.accessLists();
      kafka.createTopic("open", 1);
      kafka.createTopic("closed", 1);
      try (KafkaProducer<String, String> producer = producer(lists.bootstrapServers(), Map.of())) {
        lists.allow("closed", AclOperation.DESCRIBE);
        producer.send(new ProducerRecord<>("open", "key", "allowed")).get();
        assertThatThrownBy(
                () -> producer.send(new ProducerRecord<>("closed", "key", "denied")).get())
            .hasCauseInstanceOf(TopicAuthorizationException.class);
        produce(kafka, "closed", "by who may do everything");

        lists.allow("closed", AclOperation.WRITE);
        producer.send(new ProducerRecord<>("closed", "key", "granted")).get();
        lists.deny("closed", AclOperation.WRITE);
        assertThatThrownBy(
                () -> producer.send(new ProducerRecord<>("closed", "key", "denied")).get())
            .hasCauseInstanceOf(TopicAuthorizationException.class);
        lists.clear("closed");
        producer.send(new ProducerRecord<>("closed", "key", "cleared")).get();
      }
      assertThat(consume(kafka, "closed", 3))
          .containsExactly("by who may do everything", "granted", "cleared");
      kafka.kill();
      kafka.start();
    }
  }

  @Test
  void aBrokerWithoutAccessListsSaysSo() {
    try (LocalKafka kafka = LocalKafka.builder().build()) {
      assertThatThrownBy(kafka::accessLists)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("build it with them");
    }
  }

  @Test
  @Tag("long")
  void aTopicOfTwoBrokersHasTooFewReplicasWhileOneIsAway() throws Exception {
    try (LocalKafka first = LocalKafka.builder().start();
        LocalKafka second = LocalKafka.builder().joining(first).start();
        KafkaProducer<String, String> producer =
            producer(first.bootstrapServers(), Map.of("retries", 0))) {
      createTopicOnBoth(first, "topic");
      producer.send(new ProducerRecord<>("topic", "key", "with both")).get();

      second.kill();
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThatThrownBy(
                          () -> producer.send(new ProducerRecord<>("topic", "key", "no")).get())
                      .hasCauseInstanceOf(NotEnoughReplicasException.class));

      second.start();
      await()
          .atMost(PATIENCE)
          .ignoreExceptions()
          .until(() -> producer.send(new ProducerRecord<>("topic", "key", "again")).get() != null);
    }
  }

  private static void createTopicOnBoth(LocalKafka first, String name) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", first.bootstrapServers()))) {
      admin
          .createTopics(
              List.of(new NewTopic(name, 1, (short) 2).configs(Map.of("min.insync.replicas", "2"))))
          .all()
          .get();
    }
  }

  @Test
  void aTopicThatNobodyMadeStaysMissingWhereTheBrokerIsToldSo() throws Exception {
    try (LocalKafka kafka =
            LocalKafka.builder().setting("auto.create.topics.enable", "false").start();
        KafkaProducer<String, String> producer =
            producer(kafka.bootstrapServers(), Map.of("max.block.ms", 1_000))) {
      assertThatThrownBy(() -> producer.send(new ProducerRecord<>("missing", "value")).get())
          .hasCauseInstanceOf(TimeoutException.class);
    }
  }

  private static void produce(KafkaServer kafka, String topic, String value) throws Exception {
    try (KafkaProducer<String, String> producer = producer(kafka.bootstrapServers(), Map.of())) {
      producer.send(new ProducerRecord<>(topic, "key", value)).get();
    }
  }

  private static KafkaProducer<String, String> producer(
      String bootstrapServers, Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>(more);
    settings.put("bootstrap.servers", bootstrapServers);
    return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
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
          .atMost(PATIENCE)
          .until(
              () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(r -> values.add(r.value()));
                return values.size() >= count;
              });
      return values;
    }
  }
}
