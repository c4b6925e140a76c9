package dev.outbox.relay.publishing;

import dev.outbox.relay.publishing.Handover.Refused;
import dev.outbox.relay.publishing.Handover.Taken;
import dev.outbox.relay.publishing.PublishFailure.NotSent;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One record's way into the producer. What the producer refuses at once it reports by calling back
 * within {@code send}, on the caller's thread; all else comes on its own thread.
 */
class Sending implements Callback {

  private final String topic;
  private final Delivery delivery;
  private final Thread sender = Thread.currentThread();
  private @Nullable PublishFailure atOnce;

  Sending(String topic, Delivery delivery) {
    this.topic = topic;
    this.delivery = delivery;
  }

  /**
   * @throws RuntimeException when the producer is closed or in a state that takes no records
   */
  Handover send(KafkaProducer<byte[], byte[]> producer, ProducerRecord<byte[], byte[]> record) {
    var unused = producer.send(record, this); // the callback carries every failure
    return atOnce == null ? new Taken() : new Refused(atOnce);
  }

  @Override
  public final void onCompletion(RecordMetadata metadata, @Nullable Exception failure) {
    if (failure == null) {
      acknowledgedLater();
    } else if (Thread.currentThread() == sender) {
      atOnce = classify(failure);
    } else {
      failedLater(classify(failure));
    }
  }

  private PublishFailure classify(Exception failure) {
    // No room or no metadata in time, and never a record that was in the queue.
    return failure instanceof TimeoutException
        ? new NotSent()
        : PublishFailures.classify(topic, failure);
  }

  String topic() {
    return topic;
  }

  /** The broker has the record. Callback thread. */
  void acknowledgedLater() {
    delivery.acknowledged();
  }

  /** The producer has given the record up. Callback thread. */
  void failedLater(PublishFailure failure) {
    delivery.failed(failure);
  }
}
