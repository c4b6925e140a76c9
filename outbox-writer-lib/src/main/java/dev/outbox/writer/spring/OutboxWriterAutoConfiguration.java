package dev.outbox.writer.spring;

import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxSchema;
import dev.outbox.writer.OutboxWriter;
import javax.sql.DataSource;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.sql.init.dependency.DatabaseInitializationDependencyConfigurer;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.datasource.DataSourceUtils;

/**
 * Auto-configuration of the outbox writer. Each bean gives way to one of the application's own.
 *
 * <p>There is deliberately no {@code Flyway} bean among them: it would switch off Spring Boot's
 * configuration of the application's own Flyway.
 */
@AutoConfiguration(
    afterName = "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration")
@ConditionalOnClass({DataSource.class, DataSourceUtils.class})
@ConditionalOnSingleCandidate(DataSource.class)
@ConditionalOnProperty(name = "outbox.writer.enabled", matchIfMissing = true)
@EnableConfigurationProperties(OutboxWriterProperties.class)
@Import(DatabaseInitializationDependencyConfigurer.class)
public final class OutboxWriterAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  JdbcOutbox jdbcOutbox(OutboxWriterProperties properties) {
    return JdbcOutbox.of(properties.outboxTable(), properties.medium());
  }

  @Bean
  @ConditionalOnMissingBean
  OutboxSchema outboxSchema(JdbcOutbox outbox) {
    return OutboxSchema.of(outbox);
  }

  @Bean
  OutboxSchemaInitializer outboxSchemaInitializer(
      OutboxSchema schema, DataSource dataSource, OutboxWriterProperties properties) {
    return new OutboxSchemaInitializer(schema, dataSource, properties);
  }

  @Bean
  @ConditionalOnMissingBean
  @DependsOnDatabaseInitialization
  OutboxWriter outboxWriter(JdbcOutbox outbox, DataSource dataSource) {
    return new SpringTransactionOutboxWriter(outbox, dataSource);
  }
}
