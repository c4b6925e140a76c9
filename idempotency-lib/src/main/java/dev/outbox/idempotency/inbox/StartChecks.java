package dev.outbox.idempotency.inbox;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a runner asks Kafka before it begins. */
final class StartChecks {

  private static final Logger log = LoggerFactory.getLogger(StartChecks.class);

  private final RunnerSettings settings;

  StartChecks(RunnerSettings settings) {
    this.settings = settings;
  }

  void run() throws Exception {
    Optional<String> deadLetterTopic = settings.onFailure().deadLetterTopic();
    if (deadLetterTopic.isEmpty() && settings.retention().isEmpty()) {
      return;
    }
    try (Admin admin = Admin.create(TopicRetention.adminSettings(settings.kafka()))) {
      if (deadLetterTopic.isPresent()) {
        checkDeadLetterTopic(admin, deadLetterTopic.get());
      }
      if (settings.retention().isPresent()) {
        checkRetention(admin, settings.retention().get());
      }
    }
  }

  private void checkRetention(Admin admin, RunnerSettings.Retention retention) throws Exception {
    Duration longestRetry = settings.attempts().longestRetry();
    try {
      TopicRetention.check(
          admin, settings.topics(), retention.window(), longestRetry, settings.consumer());
    } catch (RetentionTooShortException e) {
      if (retention.check() == RetentionCheck.REFUSE) {
        throw e;
      }
      log.atWarn().addKeyValue("consumer", settings.consumer()).log(e.getMessage());
    }
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
