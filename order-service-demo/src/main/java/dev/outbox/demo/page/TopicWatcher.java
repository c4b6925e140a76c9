package dev.outbox.demo.page;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.demo.page.Journey.Published;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads all topics of the relay from their beginning and tells the {@link Journeys}. It belongs to
 * no group and commits nothing, so it has no part in what it watches, and goes on where it was when
 * a broker comes back. For one thread, but for {@link #wakeUp}.
 */
final class TopicWatcher implements AutoCloseable {

  private static final Pattern TOPICS = Pattern.compile("outbox\\.event\\.[^.]+");
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration LOOK_FOR_TOPICS = Duration.ofSeconds(1);
  private static final Duration ASK_CONSUMERS = Duration.ofSeconds(2);
  private static final Duration ANSWER = Duration.ofSeconds(2);

  private final KafkaConsumer<String, byte[]> consumer;
  private final Admin admin;
  private final Journeys journeys;
  private final Set<String> groups;
  private final InstantSource clock;
  private Instant nextLook = Instant.MIN;
  private Instant nextQuestion = Instant.MIN;

  /**
   * @param groups the consumers that are to apply events, by their group ids
   */
  TopicWatcher(
      String bootstrapServers, Journeys journeys, Set<String> groups, InstantSource clock) {
    this.journeys = journeys;
    this.groups = groups;
    this.clock = clock;
    String answer = String.valueOf(ANSWER.toMillis());
    this.consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers", bootstrapServers,
                "enable.auto.commit", "false",
                "auto.offset.reset", "earliest",
                "isolation.level", "read_committed",
                "fetch.max.bytes", "4194304",
                "reconnect.backoff.max.ms", "500",
                "default.api.timeout.ms", answer,
                "client.id", "page"),
            new StringDeserializer(),
            new ByteArrayDeserializer());
    this.admin =
        Admin.create(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "reconnect.backoff.max.ms",
                "500",
                "request.timeout.ms",
                answer,
                "default.api.timeout.ms",
                answer,
                "client.id",
                "page-admin"));
  }

  /**
   * One look.
   *
   * @throws KafkaException when the broker does not answer
   */
  void look() throws InterruptedException {
    Instant now = clock.instant();
    if (now.isAfter(nextLook)) {
      lookForTopics();
      nextLook = now.plus(LOOK_FOR_TOPICS);
    }
    if (consumer.assignment().isEmpty()) {
      TimeUnit.MILLISECONDS.sleep(POLL.toMillis());
    } else {
      List<Published> published = new ArrayList<>();
      for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
        read(record).ifPresent(published::add);
      }
      journeys.records(published);
    }
    if (now.isAfter(nextQuestion) && journeys.isAwaitingEffects()) {
      askConsumers();
      nextQuestion = now.plus(ASK_CONSUMERS);
    }
  }

  /** Also tells that the broker answers: a poll returns nothing where nobody is. */
  private void lookForTopics() {
    Set<TopicPartition> found = new TreeSet<>(TopicWatcher::compare);
    Map<String, Integer> partitions = new HashMap<>();
    consumer
        .listTopics(ANSWER)
        .forEach(
            (topic, infos) -> {
              if (TOPICS.matcher(topic).matches()) {
                partitions.put(topic, infos.size());
                infos.forEach(info -> found.add(new TopicPartition(topic, info.partition())));
              }
            });
    if (!consumer.assignment().containsAll(found)) {
      // Partitions that were assigned before keep their place.
      found.addAll(consumer.assignment());
      consumer.assign(found);
    }
    journeys.partitions(partitions);
  }

  private static int compare(TopicPartition one, TopicPartition other) {
    int byTopic = one.topic().compareTo(other.topic());
    return byTopic != 0 ? byTopic : Integer.compare(one.partition(), other.partition());
  }

  private void askConsumers() throws InterruptedException {
    for (String group : groups) {
      Instant asked = clock.instant();
      Map<TopicPartition, Long> offsets = new HashMap<>();
      try {
        Map<TopicPartition, OffsetAndMetadata> committed =
            admin
                .listConsumerGroupOffsets(group)
                .partitionsToOffsetAndMetadata()
                .get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
        committed.forEach(
            (partition, offset) -> {
              if (offset != null) {
                offsets.put(partition, offset.offset());
              }
            });
      } catch (ExecutionException | TimeoutException e) {
        throw new KafkaException("Kafka does not tell the offsets of group " + group, e);
      }
      journeys.consumed(group, offsets, asked);
    }
  }

  /** Empty for a record that no relay has written. */
  private static Optional<Published> read(ConsumerRecord<String, byte[]> record) {
    return header(record, "id")
        .flatMap(TopicWatcher::uuid)
        .map(
            id ->
                new Published(
                    id,
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    Optional.ofNullable(record.key()).orElse(""),
                    Instant.ofEpochMilli(record.timestamp()),
                    header(record, "outbox-position").orElse("")));
  }

  private static Optional<UUID> uuid(String text) {
    try {
      return Optional.of(UUID.fromString(text));
    } catch (IllegalArgumentException notOurs) {
      return Optional.empty();
    }
  }

  private static Optional<String> header(ConsumerRecord<?, ?> record, String name) {
    return Optional.ofNullable(record.headers().lastHeader(name))
        .map(header -> new String(header.value(), UTF_8));
  }

  /** Ends a look that waits, from another thread. */
  void wakeUp() {
    consumer.wakeup();
  }

  @Override
  public void close() {
    consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ZERO));
    admin.close(Duration.ZERO);
  }
}
