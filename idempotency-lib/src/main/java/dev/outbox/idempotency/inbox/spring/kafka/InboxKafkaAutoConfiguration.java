package dev.outbox.idempotency.inbox.spring.kafka;

import dev.outbox.idempotency.inbox.InboxTable;
import dev.outbox.idempotency.inbox.InboxTransactions;
import dev.outbox.idempotency.inbox.spring.InboxAutoConfiguration;
import javax.sql.DataSource;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.kafka.listener.BatchListenerFailedException;

/** The inbox for listeners, where Spring Kafka is there. */
@AutoConfiguration(after = InboxAutoConfiguration.class)
@ConditionalOnClass(BatchListenerFailedException.class)
@ConditionalOnBean({InboxTransactions.class, InboxTable.class})
public class InboxKafkaAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  KafkaInboxes kafkaInboxes(
      InboxTransactions transactions, InboxTable table, DataSource dataSource) {
    return new KafkaInboxes(transactions, table, dataSource);
  }
}
