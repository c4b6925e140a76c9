package dev.outbox.relay.publishing;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.routing.RoutedRecord;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands records to Kafka in order and without waiting for the one before. Retrying is the
 * idempotent producer's work, without a time limit: a batch that expired would be overtaken by the
 * next one of its partition. So while brokers are away records wait inside the producer, in order.
 *
 * <p>{@link #publish} belongs to the engine thread; {@link #close} may come from any thread.
 */
public final class KafkaPublisher implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(KafkaPublisher.class);
  private static final Duration REACHABLE_WITHIN = Duration.ofSeconds(10);

  private final KafkaProducer<byte[], byte[]> producer;
  private final TopicLimits limits;
  private final BooleanSupplier givingUp;

  private KafkaPublisher(
      KafkaProducer<byte[], byte[]> producer, TopicLimits limits, BooleanSupplier givingUp) {
    this.producer = producer;
    this.limits = limits;
    this.givingUp = givingUp;
  }

  /**
   * A publisher whose brokers answer.
   *
   * @param givingUp asked while waiting for a topic: true ends the wait
   * @throws RelayException when no broker answers within ten seconds or the settings do not fit
   */
  public static KafkaPublisher open(RelaySettings settings, BooleanSupplier givingUp) {
    Map<String, Object> config = ProducerSettings.of(settings);
    try {
      Admin admin = Admin.create(ProducerSettings.forAdmin(config, REACHABLE_WITHIN));
      try {
        requireReachable(admin, settings);
        return new KafkaPublisher(
            new KafkaProducer<>(config),
            new TopicLimits(admin, ProducerSettings.largestRequest(config), Clock.systemUTC()),
            givingUp);
      } catch (RuntimeException e) {
        admin.close(Duration.ZERO);
        throw e;
      }
    } catch (KafkaException e) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "The Kafka producer cannot be made for brokers %s: %s"
              .formatted(settings.kafka().bootstrapServers(), deepest(e)),
          "Check outbox.relay.kafka.bootstrap-servers and outbox.relay.kafka.properties.*.",
          e);
    }
  }

  private static void requireReachable(Admin admin, RelaySettings settings) {
    try {
      var unused =
          admin.describeCluster().nodes().get(REACHABLE_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | java.util.concurrent.TimeoutException e) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "No Kafka broker answers at %s within %d s: %s"
              .formatted(
                  settings.kafka().bootstrapServers(), REACHABLE_WITHIN.toSeconds(), deepest(e)),
          "Start Kafka, or correct outbox.relay.kafka.bootstrap-servers and, where the broker asks"
              + " for it, outbox.relay.kafka.properties.security.protocol and sasl.*.",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RelayException(
          Stage.PREFLIGHT, "Interrupted while looking for a Kafka broker.", "None needed.", e);
    }
  }

  /**
   * Whether the topic may refuse the record for its size. The caller then sends it alone: a record
   * that is refused while later ones are under way is overtaken by them. Engine thread.
   */
  public boolean mayBeTooLarge(RoutedRecord record) {
    return limits.mayExceed(record);
  }

  /**
   * Hands a record over; returns when the producer has taken it. While the topic's metadata cannot
   * be had, because no broker answers or nobody made the topic, this waits: the events behind must
   * not overtake.
   *
   * @return whether the producer has the record; false when giving up came first
   */
  public boolean publish(RoutedRecord routed, Delivery delivery) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(routed.topic(), routed.key(), routed.value());
    routed.headers().forEach(header -> record.headers().add(header.name(), header.value()));
    boolean waiting = false;
    do {
      Attempt attempt = new Attempt(delivery);
      var unused = producer.send(record, attempt); // the callback carries every failure
      if (!attempt.timedOutBeforeSending()) {
        if (waiting) {
          LOG.atInfo().addKeyValue("topic", routed.topic()).log("Topic is there, going on");
        }
        return true;
      }
      if (!waiting) {
        waiting = true;
        LOG.atWarn()
            .addKeyValue("topic", routed.topic())
            .log(
                "Waiting for the topic: create it, allow its automatic creation, or bring the"
                    + " brokers back; order is kept meanwhile");
      }
    } while (!givingUp.getAsBoolean());
    return false;
  }

  /** Sends retried by the producer so far. Any thread. */
  public double retries() {
    return producer.metrics().values().stream()
        .filter(metric -> metric.metricName().name().equals("record-retry-total"))
        .filter(metric -> metric.metricName().group().equals("producer-metrics"))
        .map(Metric::metricValue)
        .filter(Number.class::isInstance)
        .mapToDouble(value -> ((Number) value).doubleValue())
        .sum();
  }

  /**
   * Closes at once; what is not acknowledged is not sent any more, as its position is not confirmed
   * either. Whoever wants acknowledgements waits for them first.
   */
  @Override
  public void close() {
    producer.close(Duration.ZERO);
    limits.close();
  }

  private static String deepest(Throwable failure) {
    Throwable deepest = failure;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    String message = deepest.getMessage();
    return message == null ? deepest.getClass().getSimpleName() : message;
  }

  /**
   * One send. The producer reports a missing topic by calling back within {@code send}, on the
   * caller's thread, with a timeout; once a record is in its queue it never times out.
   */
  private static final class Attempt implements Callback {
    private final Delivery delivery;
    private final Thread sender = Thread.currentThread();
    private boolean timedOut;

    Attempt(Delivery delivery) {
      this.delivery = delivery;
    }

    boolean timedOutBeforeSending() {
      return timedOut;
    }

    @Override
    public void onCompletion(RecordMetadata metadata, @Nullable Exception failure) {
      if (failure == null) {
        delivery.acknowledged();
      } else if (failure instanceof TimeoutException && Thread.currentThread() == sender) {
        timedOut = true;
      } else {
        delivery.rejected(failure);
      }
    }
  }
}
