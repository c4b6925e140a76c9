package dev.outbox.demo.notifications;

import dev.outbox.idempotency.inbox.ReceivedEvent;
import dev.outbox.idempotency.jobs.Job;
import dev.outbox.idempotency.jobs.JobAttempt;
import dev.outbox.idempotency.jobs.JobKey;
import dev.outbox.idempotency.jobs.JobOutcome;
import dev.outbox.idempotency.jobs.spring.SpringJobQueue;
import java.sql.PreparedStatement;
import java.util.Optional;
import java.util.UUID;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Both ends of a notification: the job that is written, and the sending of it. */
@Component
class Notifications {

  private final SpringJobQueue jobs;
  private final JsonMapper json;

  Notifications(SpringJobQueue jobs, JsonMapper json) {
    this.jobs = jobs;
    this.json = json;
  }

  /** A job for the event, in the transaction of its marker. */
  void plan(ReceivedEvent event) {
    Optional<NotificationKind> kind = event.type().flatMap(NotificationKind::of);
    if (kind.isEmpty() || event.payload().isEmpty()) {
      return;
    }
    OrderNews news = json.readValue(event.payload().get(), OrderNews.class);
    if (news.userId() != null && !news.userId().isBlank()) {
      // Another event that tells the same again meets this key.
      JobKey key = new JobKey(news.userId(), kind.get().type(), news.orderId().toString());
      jobs.enqueue(Job.of(key, ""));
    }
  }

  /**
   * Stands in for a mail server: what it would send is a row, written together with the end of the
   * job.
   */
  JobOutcome send(JobAttempt attempt) {
    JobKey key = attempt.key();
    return JobOutcome.done(
        connection -> {
          try (PreparedStatement insert =
              connection.prepareStatement(
                  "insert into notification_sent (user_id, kind, order_id) values (?, ?, ?)")) {
            insert.setString(1, key.recipient());
            insert.setString(2, key.type());
            insert.setObject(3, UUID.fromString(key.businessId()));
            insert.executeUpdate();
          }
        });
  }
}
