package dev.outbox.relay.publishing;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.publishing.Handover.Refused;
import dev.outbox.relay.publishing.PublishFailure.NotSent;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.routing.RoutedRecord;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/**
 * Sends without waiting for the record before. Retrying is the idempotent producer's work, without
 * a time limit: a batch that expired would be overtaken by the next one of its partition. So while
 * brokers are away records wait inside the producer, in order.
 *
 * <p>A rejected record closes the producer from within its callback. The producer has one request
 * under way per broker and calls back before it sends the next, so nothing of the record's
 * partition can overtake it.
 */
public final class KafkaPublisher implements Publisher {

  private final Map<String, Object> config;
  private final Admin admin;
  private final Topics topics;
  private final BooleanSupplier givingUp;
  private final Queue<Rejection> rejections = new ConcurrentLinkedQueue<>();
  private volatile KafkaProducer<byte[], byte[]> producer;
  private volatile boolean broken;
  private volatile boolean closed;
  private volatile double retriesBefore;

  private KafkaPublisher(
      Map<String, Object> config, Admin admin, Topics topics, BooleanSupplier givingUp) {
    this.givingUp = givingUp;
    this.config = config;
    this.admin = admin;
    this.topics = topics;
    this.producer = new KafkaProducer<>(config);
  }

  /**
   * A publisher for the settings' delivery mode, whose brokers answer.
   *
   * @param givingUp asked while waiting for brokers or a topic: true ends the wait, and so does
   *     what it throws
   * @throws RelayException when no broker answers within ten seconds or the settings do not fit
   */
  public static Publisher open(RelaySettings settings, BooleanSupplier givingUp) {
    boolean transactional = settings.delivery() == RelaySettings.Delivery.EXACTLY_ONCE;
    Map<String, Object> config =
        transactional ? ProducerSettings.transactional(settings) : ProducerSettings.of(settings);
    return Brokers.reached(
        settings,
        config,
        admin -> {
          Topics topics =
              new Topics(admin, settings.parking().missingTopicWait(), givingUp, Clock.systemUTC());
          return transactional
              ? new TransactionalPublisher(settings, config, admin, topics, givingUp)
              : new KafkaPublisher(config, admin, topics, givingUp);
        });
  }

  /** Nothing to fence or to read: the slot's position rules. */
  @Override
  public Optional<SourcePosition> begin() {
    return Optional.empty();
  }

  @Override
  public Handover publish(RoutedRecord routed, Delivery delivery) {
    try {
      return publishPatiently(routed, delivery);
    } catch (InterruptException e) {
      throw e;
    } catch (KafkaException | IllegalStateException e) {
      if (broken) { // closed by a callback meanwhile
        return new Refused(new NotSent());
      }
      throw e;
    }
  }

  private Handover publishPatiently(RoutedRecord routed, Delivery delivery) {
    String topic = routed.topic();
    @Nullable Handover hindrance = topics.await(topic, producer);
    if (hindrance != null) {
      return hindrance;
    }
    while (true) {
      Handover handover = send(routed, delivery);
      if (!(handover instanceof Refused refused)) {
        return handover;
      }
      if (refused.failure() instanceof NotSent && !broken) {
        if (givingUp.getAsBoolean()) {
          return new Handover.GivenUp();
        }
        // No room or no metadata: brokers are away, or the topic is gone.
        @Nullable Handover gone = topics.isGone(topic) ? topics.await(topic, producer) : null;
        if (gone == null) {
          continue;
        }
        return gone;
      }
      topics.rejected(topic, refused.failure());
      return refused;
    }
  }

  private Handover send(RoutedRecord routed, Delivery delivery) {
    return new Pipelined(routed.topic(), delivery).send(producer, record(routed));
  }

  /** Waits in thousands, so it keeps nothing of the record. */
  private final class Pipelined extends Sending {
    Pipelined(String topic, Delivery delivery) {
      super(topic, delivery);
    }

    @Override
    void failedLater(PublishFailure failure) {
      // Before the delivery is told: whoever hears of it finds the publisher broken.
      super.failedLater(breakOff(topic(), failure));
    }
  }

  static ProducerRecord<byte[], byte[]> record(RoutedRecord routed) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(routed.topic(), routed.key(), routed.value());
    routed.headers().forEach(header -> record.headers().add(header.name(), header.value()));
    return record;
  }

  /** What is under way or waits when the first failure closes the producer is simply not sent. */
  private PublishFailure breakOff(String topic, PublishFailure failure) {
    if (failure instanceof Rejected) {
      rejections.add(new Rejection(topic, failure));
    }
    if (broken) {
      return failure instanceof Rejected ? failure : new NotSent();
    }
    broken = true;
    producer.close(Duration.ZERO);
    return failure;
  }

  /** For {@link Topics}, which belong to the engine thread. */
  private record Rejection(String topic, PublishFailure failure) {}

  /** Every record is acknowledged by itself. */
  @Override
  public boolean commit(SourcePosition through, boolean underWay) {
    return !broken;
  }

  @Override
  public boolean isBroken() {
    return broken;
  }

  @Override
  public void stalled(String topic) {
    if (topics.isGone(topic)) {
      broken = true;
    }
  }

  @Override
  public void restore() {
    producer.close(Duration.ZERO); // waits for the callbacks of what was not sent
    for (Rejection rejection = rejections.poll();
        rejection != null;
        rejection = rejections.poll()) {
      topics.rejected(rejection.topic(), rejection.failure());
    }
    retriesBefore += ProducerFigures.retries(producer);
    producer = new KafkaProducer<>(config);
    broken = false;
    if (closed) { // meanwhile, by another thread
      producer.close(Duration.ZERO);
    }
  }

  @Override
  public double retries() {
    return retriesBefore + ProducerFigures.retries(producer);
  }

  @Override
  public void close() {
    closed = true;
    producer.close(Duration.ZERO);
    admin.close(Duration.ZERO);
  }
}
