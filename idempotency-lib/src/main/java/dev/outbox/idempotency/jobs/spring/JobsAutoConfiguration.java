package dev.outbox.idempotency.jobs.spring;

import dev.outbox.idempotency.jobs.JobQueue;
import dev.outbox.idempotency.jobs.JobTable;
import dev.outbox.idempotency.jobs.JobWorker;
import javax.sql.DataSource;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Scope;
import org.springframework.jdbc.datasource.DataSourceUtils;

/**
 * Configures durable jobs over the application's data source; properties {@code outbox.jobs.*}. Off
 * unless {@code outbox.jobs.enabled=true}, since not every application with an inbox wants the
 * table.
 */
@AutoConfiguration(after = DataSourceAutoConfiguration.class)
@ConditionalOnClass(DataSourceUtils.class)
@ConditionalOnSingleCandidate(DataSource.class)
@ConditionalOnBooleanProperty(name = "outbox.jobs.enabled")
@EnableConfigurationProperties(JobsProperties.class)
public class JobsAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  JobTable jobTable(JobsProperties properties) {
    return properties.jobTable();
  }

  /** After the application's own migrations: Flyway will not begin in a schema with tables. */
  @Bean
  @DependsOnDatabaseInitialization
  JobTableInitializer jobTableInitializer(
      JobsProperties properties, JobTable table, DataSource dataSource) {
    return new JobTableInitializer(properties, table, dataSource);
  }

  @Bean
  @ConditionalOnMissingBean
  SpringJobQueue springJobQueue(JobTableInitializer initialized) {
    return new SpringJobQueue(JobQueue.in(initialized.table()), initialized.dataSource());
  }

  /** A new one for each worker, with data source and table set. */
  @Bean
  @Scope(ConfigurableBeanFactory.SCOPE_PROTOTYPE)
  JobWorker.Builder jobWorkerBuilder(JobTableInitializer initialized) {
    return JobWorker.builder().dataSource(initialized.dataSource()).table(initialized.table());
  }
}
