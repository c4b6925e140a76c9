package dev.outbox.relay.publishing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How large a batch each topic takes: asked of the brokers, and kept for a while. */
final class TopicLimits {

  private static final Logger LOG = LoggerFactory.getLogger(TopicLimits.class);
  private static final Duration KEPT_FOR = Duration.ofSeconds(30);
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);

  /** Where it may not be asked: a broker's own setting, {@code message.max.bytes}. */
  private static final int DEFAULT = 1_048_588;

  private final Admin admin;
  private final Clock clock;
  private final Map<String, Limit> known = new HashMap<>();

  TopicLimits(Admin admin, Clock clock) {
    this.admin = admin;
    this.clock = clock;
  }

  private record Limit(int bytes, Instant until) {}

  /**
   * The topic's limit.
   *
   * @param size what is to go there: a limit that would refuse it is asked for anew, since it may
   *     have been raised for this very record
   */
  int of(String topic, int size) {
    @Nullable Limit limit = known.get(topic);
    if (limit == null || size > limit.bytes() || !clock.instant().isBefore(limit.until())) {
      limit = new Limit(ask(topic), clock.instant().plus(KEPT_FOR));
      known.put(topic, limit);
    }
    return limit.bytes();
  }

  private int ask(String topic) {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    try {
      Config config =
          Objects.requireNonNull(admin.describeConfigs(List.of(resource)).values().get(resource))
              .get(ANSWER_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
      return Integer.parseInt(config.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG).value());
    } catch (ExecutionException | TimeoutException e) {
      LOG.atDebug()
          .setCause(e)
          .addKeyValue("topic", topic)
          .log("The topic's max.message.bytes cannot be asked for; the default is assumed");
      return DEFAULT;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return DEFAULT;
    }
  }
}
