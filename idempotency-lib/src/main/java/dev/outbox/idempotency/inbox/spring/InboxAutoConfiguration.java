package dev.outbox.idempotency.inbox.spring;

import dev.outbox.idempotency.inbox.InboxTable;
import dev.outbox.idempotency.inbox.InboxTransactions;
import javax.sql.DataSource;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.PlatformTransactionManager;

/** Configures the inbox over the application's data source; properties {@code outbox.inbox.*}. */
@AutoConfiguration(
    after = DataSourceAutoConfiguration.class,
    afterName = {
      "org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration",
      "org.springframework.boot.hibernate.autoconfigure.HibernateJpaAutoConfiguration"
    })
@ConditionalOnClass(DataSourceUtils.class)
@ConditionalOnSingleCandidate(DataSource.class)
@ConditionalOnBooleanProperty(name = "outbox.inbox.enabled", matchIfMissing = true)
@EnableConfigurationProperties(InboxProperties.class)
public class InboxAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  InboxTable inboxTable(InboxProperties properties) {
    return properties.inboxTable();
  }

  /** After the application's own migrations: Flyway will not begin in a schema with tables. */
  @Bean
  @DependsOnDatabaseInitialization
  InboxTableInitializer inboxTableInitializer(
      InboxProperties properties, InboxTable table, DataSource dataSource) {
    return new InboxTableInitializer(properties, table, dataSource);
  }

  @Bean
  @ConditionalOnMissingBean
  SpringInboxes springInboxes(InboxTableInitializer initialized) {
    return new SpringInboxes(initialized.table(), initialized.dataSource());
  }

  @Bean
  @ConditionalOnMissingBean
  @ConditionalOnSingleCandidate(PlatformTransactionManager.class)
  InboxTransactions inboxTransactions(
      PlatformTransactionManager transactionManager, InboxTableInitializer initialized) {
    return new SpringTransactions(transactionManager, initialized.dataSource());
  }
}
