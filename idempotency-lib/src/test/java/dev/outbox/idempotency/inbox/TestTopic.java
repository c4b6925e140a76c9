package dev.outbox.idempotency.inbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.local.KafkaServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A topic of one test, what is published there, and how far its group has come. */
record TestTopic(String name, String bootstrapServers, KafkaProducer<byte[], byte[]> producer)
    implements AutoCloseable {

  static TestTopic create(KafkaServer kafka, int partitions) {
    String name = "outbox.event." + UUID.randomUUID();
    kafka.createTopic(name, partitions);
    return new TestTopic(
        name, kafka.bootstrapServers(), producer(kafka.bootstrapServers(), Map.of()));
  }

  static KafkaProducer<byte[], byte[]> producer(String bootstrapServers, Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>(more);
    settings.put("bootstrap.servers", bootstrapServers);
    return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** The consumer's name, and with that the group, of the runners of this topic's test. */
  String consumer() {
    return "shipping of " + name;
  }

  Map<String, Object> consumerSettings() {
    return Map.of(
        "bootstrap.servers", bootstrapServers,
        "fetch.max.wait.ms", 50,
        "heartbeat.interval.ms", 300);
  }

  Map<String, Object> consumerSettings(String name, Object value) {
    Map<String, Object> settings = new HashMap<>(consumerSettings());
    settings.put(name, value);
    return settings;
  }

  /** Events as the relay publishes them, each with its id as key. */
  void publish(String... ids) {
    for (String id : ids) {
      producer.send(event(id, id));
    }
    producer.flush();
  }

  void publishTo(int partition, String id) {
    ProducerRecord<byte[], byte[]> event = event(id, id);
    producer.send(
        new ProducerRecord<>(name, partition, event.key(), event.value(), event.headers()));
    producer.flush();
  }

  ProducerRecord<byte[], byte[]> event(String id, String key) {
    ProducerRecord<byte[], byte[]> record = record(key, "secret of " + id);
    record.headers().add("id", id.getBytes(UTF_8));
    record.headers().add("ce_source", "orders".getBytes(UTF_8));
    return record;
  }

  ProducerRecord<byte[], byte[]> record(String key, String value) {
    return new ProducerRecord<>(name, key.getBytes(UTF_8), value.getBytes(UTF_8));
  }

  /** All records of a topic of this broker, in order of each partition. */
  List<ConsumerRecord<byte[], byte[]>> readAll(String name) {
    Map<String, Object> settings = Map.of("bootstrap.servers", bootstrapServers);
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(name).stream()
              .map(info -> new TopicPartition(name, info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
      }
    }
    return records;
  }

  /** The group's committed offset, 0 where it has none. */
  long committed(int partition) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
      OffsetAndMetadata offset =
          admin
              .listConsumerGroupOffsets(consumer())
              .partitionsToOffsetAndMetadata()
              .get()
              .get(new TopicPartition(name, partition));
      return offset == null ? 0 : offset.offset();
    } catch (ExecutionException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The id Kafka gave the one member of the group; it changes when the member leaves. */
  String memberId() {
    return describeMembers().iterator().next().consumerId();
  }

  List<Integer> partitionsOfEachMember() {
    return describeMembers().stream()
        .map(member -> member.assignment().topicPartitions().size())
        .toList();
  }

  private Collection<MemberDescription> describeMembers() {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
      KafkaFuture<ConsumerGroupDescription> group =
          admin
              .describeConsumerGroups(List.of(consumer()))
              .describedGroups()
              .values()
              .iterator()
              .next();
      return group.get().members();
    } catch (ExecutionException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    producer.close();
  }
}
