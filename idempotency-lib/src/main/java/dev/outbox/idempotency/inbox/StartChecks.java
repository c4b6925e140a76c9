package dev.outbox.idempotency.inbox;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** What a runner asks Kafka before it begins. */
final class StartChecks {

  private final RunnerSettings settings;

  StartChecks(RunnerSettings settings) {
    this.settings = settings;
  }

  void run() throws Exception {
    if (settings.onFailure().deadLetterTopic().isEmpty()) {
      return;
    }
    try (Admin admin = Admin.create(adminSettings())) {
      checkDeadLetterTopic(admin, settings.onFailure().deadLetterTopic().get());
    }
  }

  private Map<String, Object> adminSettings() {
    Map<String, Object> result = new HashMap<>();
    settings
        .kafka()
        .forEach(
            (name, value) -> {
              if (AdminClientConfig.configNames().contains(name)) {
                result.put(name, value);
              }
            });
    return result;
  }

  private void checkDeadLetterTopic(Admin admin, String topic) throws Exception {
    if (settings.topics().contains(topic)) {
      throw new IllegalStateException(
          "The dead-letter topic %s is one of the topics consumed; name another".formatted(topic));
    }
    try {
      var unused = admin.describeTopics(List.of(topic)).allTopicNames().get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        throw new IllegalStateException(
            "The dead-letter topic %s does not exist; create it, best with the partitions and a"
                    .formatted(topic)
                + " longer retention.ms than "
                + String.join(", ", settings.topics()),
            e.getCause());
      }
      throw e;
    }
  }
}
