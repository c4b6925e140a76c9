package dev.outbox.idempotency.inbox;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;

/** How long topics keep their records, beside how long markers are kept. */
final class TopicRetention {

  private TopicRetention() {}

  static void check(
      Map<String, ?> kafka,
      Collection<String> topics,
      Duration window,
      Duration longestRetry,
      String consumer)
      throws Exception {
    try (Admin admin = Admin.create(adminSettings(kafka))) {
      check(admin, topics, window, longestRetry, consumer);
    }
  }

  static Map<String, Object> adminSettings(Map<String, ?> client) {
    Map<String, Object> result = new HashMap<>();
    client.forEach(
        (name, value) -> {
          if (AdminClientConfig.configNames().contains(name)) {
            result.put(name, value);
          }
        });
    return result;
  }

  static void check(
      Admin admin,
      Collection<String> topics,
      Duration window,
      Duration longestRetry,
      String consumer)
      throws Exception {
    List<ConfigResource> resources =
        topics.stream().map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name)).toList();
    List<String> findings = new ArrayList<>();
    admin
        .describeConfigs(resources)
        .all()
        .get()
        .forEach(
            (topic, config) ->
                finding(topic.name(), config, window, longestRetry).ifPresent(findings::add));
    if (!findings.isEmpty()) {
      throw new RetentionTooShortException(consumer, findings);
    }
  }

  private static Optional<String> finding(
      String topic, Config config, Duration window, Duration longestRetry) {
    String policy = config.get(TopicConfig.CLEANUP_POLICY_CONFIG).value();
    long retention = Long.parseLong(config.get(TopicConfig.RETENTION_MS_CONFIG).value());
    if (retention < 0 || !policy.contains(TopicConfig.CLEANUP_POLICY_DELETE)) {
      return Optional.of(
          ("Topic %s keeps records for ever (cleanup.policy=%s, retention.ms=%d), the inbox keeps"
                  + " markers for %s; set retention.ms, or keep markers without a limit")
              .formatted(topic, policy, retention, window));
    }
    Duration needed = Duration.ofMillis(retention).plus(longestRetry);
    return needed.compareTo(window) <= 0
        ? Optional.empty()
        : Optional.of(
            ("Topic %s keeps records for retention.ms=%d (%s) and a retry may take %s, the inbox"
                    + " keeps markers for %s; keep them for at least %s, or lower the topic's"
                    + " retention.ms")
                .formatted(
                    topic, retention, Duration.ofMillis(retention), longestRetry, window, needed));
  }
}
