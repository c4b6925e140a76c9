package dev.outbox.relay.publishing;

import dev.outbox.relay.routing.RoutedRecord;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How large a record each topic takes. The broker measures compressed batches, which nobody knows
 * beforehand, so this only tells which records are beyond doubt. For the engine thread.
 */
final class TopicLimits implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TopicLimits.class);

  /** A new topic's limit unless the broker is set otherwise. */
  private static final int BROKER_DEFAULT_BYTES = 1_048_588;

  private static final Duration ASK_AGAIN_AFTER = Duration.ofSeconds(30);
  private static final Duration ASK_AGAIN_SOON = Duration.ofSeconds(1);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);

  /** Most that a batch of one record adds to it, apart from its headers. */
  private static final int BATCH_OVERHEAD_BYTES = 100;

  private static final int HEADER_OVERHEAD_BYTES = 10;

  private final Admin admin;
  private final int largestRequest;
  private final Clock clock;
  private final Map<String, Limit> limits = new HashMap<>();

  /** Closes the admin client when it is closed. */
  TopicLimits(Admin admin, int largestRequest, Clock clock) {
    this.admin = admin;
    this.largestRequest = largestRequest;
    this.clock = clock;
  }

  private record Limit(int bytes, Instant until) {}

  boolean mayExceed(RoutedRecord record) {
    int size =
        record.size() + BATCH_OVERHEAD_BYTES + HEADER_OVERHEAD_BYTES * record.headers().size();
    return size > Math.min(limit(record.topic()), largestRequest);
  }

  private int limit(String topic) {
    Limit known = limits.get(topic);
    Instant now = clock.instant();
    if (known == null || now.isAfter(known.until())) {
      known = ask(topic, known == null ? BROKER_DEFAULT_BYTES : known.bytes(), now);
      limits.put(topic, known);
    }
    return known.bytes();
  }

  private Limit ask(String topic, int otherwise, Instant now) {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try {
      Config config =
          admin
              .describeConfigs(List.of(resource))
              .all()
              .get(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS)
              .getOrDefault(resource, new Config(List.of()));
      ConfigEntry limit = config.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG);
      return new Limit(
          limit == null ? otherwise : Integer.parseInt(limit.value()), now.plus(ASK_AGAIN_AFTER));
    } catch (ExecutionException | TimeoutException e) {
      // The topic is about to be made, or the broker is away, or the relay may not ask.
      LOG.atDebug().setCause(e).addKeyValue("topic", topic).log("The topic's limit is not known");
      if (e.getCause() instanceof AuthorizationException && !limits.containsKey(topic)) {
        LOG.atWarn()
            .addKeyValue("topic", topic)
            .addKeyValue("assumedBytes", otherwise)
            .log(
                "The relay may not ask for the topic's max.message.bytes: allow DescribeConfigs, or a"
                    + " smaller limit can let events overtake one that is too large");
      }
      boolean aboutToBeMade = e.getCause() instanceof UnknownTopicOrPartitionException;
      return new Limit(otherwise, now.plus(aboutToBeMade ? ASK_AGAIN_SOON : ASK_AGAIN_AFTER));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Limit(otherwise, now);
    }
  }

  @Override
  public void close() {
    admin.close(Duration.ZERO);
  }
}
