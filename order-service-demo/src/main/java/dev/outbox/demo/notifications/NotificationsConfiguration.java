package dev.outbox.demo.notifications;

import dev.outbox.demo.consuming.EventConsumer;
import dev.outbox.demo.consuming.EventConsumers;
import dev.outbox.idempotency.jobs.JobWorker;
import java.time.Duration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** From the events of orders to jobs, and from jobs to notifications. */
@Configuration(proxyBeanMethods = false)
class NotificationsConfiguration {

  @Bean
  EventConsumer notificationsConsumer(EventConsumers consumers, Notifications notifications) {
    return consumers.consumer("notifications", "outbox.event.Order", notifications::plan);
  }

  @Bean(initMethod = "start", destroyMethod = "stop")
  JobWorker notificationWorker(JobWorker.Builder builder, Notifications notifications) {
    for (NotificationKind kind : NotificationKind.values()) {
      builder.handler(kind.type(), notifications::send);
    }
    return builder.concurrency(2).pollInterval(Duration.ofMillis(200)).build();
  }
}
