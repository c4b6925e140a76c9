package dev.outbox.relay.publishing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.publishing.Handover.Refused;
import dev.outbox.relay.publishing.PublishFailure.Scope;
import dev.outbox.relay.routing.RoutedRecord;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.utils.ByteUtils;
import org.jspecify.annotations.Nullable;

/**
 * Whether Kafka will take a record, as far as that can be known before it is sent: for records that
 * somebody else's producer sends, who cannot tell which one was refused and cannot call back those
 * behind it. The producer here asks for topics and sends nothing.
 *
 * <p>For one thread; {@link #close} may be called by any.
 */
public final class RecordCheck implements AutoCloseable {

  /** What a batch takes beside its records. */
  private static final int BATCH_OVERHEAD = 61;

  /** Attributes and two deltas, of the only record of a batch. */
  private static final int RECORD_OVERHEAD = 3;

  /** What the producer takes for the parts of a record that it does not know yet. */
  private static final int MOST_RECORD_OVERHEAD = 21;

  private final Admin admin;
  private final KafkaProducer<byte[], byte[]> asking;
  private final Topics topics;
  private final TopicLimits limits;
  private final int largestRequest;
  private final boolean topicsAreMade;

  private RecordCheck(
      RelaySettings settings,
      Map<String, Object> config,
      Admin admin,
      BooleanSupplier givingUp,
      boolean topicsAreMade) {
    this.admin = admin;
    this.topicsAreMade = topicsAreMade;
    this.largestRequest =
        Integer.parseInt(String.valueOf(config.get(ProducerConfig.MAX_REQUEST_SIZE_CONFIG)));
    this.limits = new TopicLimits(admin, Clock.systemUTC());
    this.topics =
        new Topics(admin, settings.parking().missingTopicWait(), givingUp, Clock.systemUTC());
    this.asking = new KafkaProducer<>(config);
  }

  /**
   * A check whose brokers answer.
   *
   * @param settings {@code kafka.properties} tell what the sending producer is set to, where it
   *     matters: {@code max.request.size}
   * @param givingUp asked while waiting for brokers or a topic: true ends the wait, and so does
   *     what it throws
   * @param topicsAreMade whether the sender makes topics that are missing
   * @throws dev.outbox.relay.failure.RelayException when no broker answers within ten seconds or
   *     the settings do not fit
   */
  public static RecordCheck open(
      RelaySettings settings, BooleanSupplier givingUp, boolean topicsAreMade) {
    Map<String, Object> config = ProducerSettings.of(settings);
    return Brokers.reached(
        settings,
        config,
        admin -> new RecordCheck(settings, config, admin, givingUp, topicsAreMade));
  }

  /**
   * Waits until the record's topic is there, see {@link Publisher#publish}, and measures the
   * record.
   *
   * @return null when nothing speaks against the record, else what its handover comes to
   */
  public @Nullable Handover hindrance(RoutedRecord record) {
    if (!topicsAreMade) {
      @Nullable Handover hindrance = topics.await(record.topic(), asking);
      if (hindrance != null) {
        return hindrance;
      }
    }
    int body = body(record);
    if (BATCH_OVERHEAD + MOST_RECORD_OVERHEAD + body > largestRequest) {
      return tooLarge(
          record,
          BATCH_OVERHEAD + MOST_RECORD_OVERHEAD + body,
          "max.request.size of the producer (%d)".formatted(largestRequest));
    }
    int alone =
        BATCH_OVERHEAD + ByteUtils.sizeOfVarint(RECORD_OVERHEAD + body) + RECORD_OVERHEAD + body;
    int limit = limits.of(record.topic(), alone);
    return alone > limit
        ? tooLarge(record, alone, "max.message.bytes of the topic (%d)".formatted(limit))
        : null;
  }

  private static Handover tooLarge(RoutedRecord record, int size, String limit) {
    return new Refused(
        PublishFailures.rejected(
            Scope.RECORD,
            "too large for topic '%s': %d bytes exceed %s".formatted(record.topic(), size, limit),
            "raise max.message.bytes of the topic and max.request.size of the producer, or have the"
                + " service write smaller events"));
  }

  /** Bytes of key, value and headers as a record holds them. */
  private static int body(RoutedRecord record) {
    int size = sized(record.key().length);
    byte @Nullable [] value = record.value();
    size += value == null ? ByteUtils.sizeOfVarint(-1) : sized(value.length);
    size += ByteUtils.sizeOfVarint(record.headers().size());
    for (RoutedRecord.Header header : record.headers()) {
      size += sized(header.name().getBytes(UTF_8).length) + sized(header.value().length);
    }
    return size;
  }

  private static int sized(int length) {
    return ByteUtils.sizeOfVarint(length) + length;
  }

  /** Whether the brokers say that there is no such topic. */
  public boolean isGone(String topic) {
    return topics.isGone(topic);
  }

  @Override
  public void close() {
    asking.close(Duration.ZERO);
    admin.close(Duration.ZERO);
  }
}
