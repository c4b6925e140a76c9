package dev.outbox.idempotency.inbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** Holds the polling thread of a consumer when it is given a certain event, once. */
public final class HeldPoll implements ConsumerInterceptor<byte[], byte[]> {

  private static volatile String event = "";
  private static volatile CountDownLatch held = new CountDownLatch(1);
  private static volatile CountDownLatch gate = new CountDownLatch(1);

  static void from(String eventId) {
    held = new CountDownLatch(1);
    gate = new CountDownLatch(1);
    event = eventId;
  }

  static void awaitHeld() throws InterruptedException {
    held.await();
  }

  static void release() {
    gate.countDown();
  }

  @Override
  public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
    for (ConsumerRecord<byte[], byte[]> record : records) {
      if (new String(record.key(), UTF_8).equals(event)) {
        held.countDown();
        try {
          gate.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
    return records;
  }

  @Override
  public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {}

  @Override
  public void close() {}

  @Override
  public void configure(Map<String, ?> settings) {}
}
