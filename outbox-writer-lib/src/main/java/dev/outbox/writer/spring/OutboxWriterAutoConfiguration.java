package dev.outbox.writer.spring;

import dev.outbox.writer.EventSerializer;
import dev.outbox.writer.HeaderSource;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.Outbox;
import dev.outbox.writer.OutboxSchema;
import dev.outbox.writer.OutboxWriter;
import dev.outbox.writer.TenantOutbox;
import dev.outbox.writer.TenantTables;
import dev.outbox.writer.json.JsonSerializer;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.sql.init.dependency.DatabaseInitializationDependencyConfigurer;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.datasource.DataSourceUtils;
import tools.jackson.databind.json.JsonMapper;

/**
 * Auto-configuration of the outbox writer. Each bean gives way to one of the application's own.
 *
 * <p>There is deliberately no {@code Flyway} bean among them: it would switch off Spring Boot's
 * configuration of the application's own Flyway.
 */
@AutoConfiguration(
    afterName = {
      "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration",
      "org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration"
    })
@ConditionalOnClass({DataSource.class, DataSourceUtils.class})
@ConditionalOnSingleCandidate(DataSource.class)
@ConditionalOnProperty(name = "outbox.writer.enabled", matchIfMissing = true)
@EnableConfigurationProperties(OutboxWriterProperties.class)
@Import({DatabaseInitializationDependencyConfigurer.class, TraceContextConfiguration.class})
public final class OutboxWriterAutoConfiguration {

  @Bean
  SchemaPreparation outboxSchemaPreparation(
      DataSource dataSource, OutboxWriterProperties properties) {
    return new SchemaPreparation(dataSource, properties);
  }

  @Bean
  OutboxSchemaInitializer outboxSchemaInitializer(
      ObjectProvider<OutboxSchema> schemas,
      ObjectProvider<TenantTables> tenants,
      SchemaPreparation preparation) {
    Stream<OutboxSchema> ofTenants =
        tenants.stream()
            .flatMap(tables -> tables.tablesAtStart().stream())
            .map(table -> JdbcOutbox.of(table, preparation.properties().medium()))
            .map(OutboxSchema::of);
    return new OutboxSchemaInitializer(
        Stream.concat(schemas.stream(), ofTenants).toList(), preparation);
  }

  /** After the tables of the default outbox, and so after the application's own migrations. */
  @Bean
  @DependsOnDatabaseInitialization
  SpringOutboxes springOutboxes(
      SchemaPreparation preparation, ObjectProvider<HeaderSource> headerSources) {
    return new SpringOutboxes(preparation, headerSources.orderedStream().toList());
  }

  @Bean
  @ConditionalOnMissingBean
  OutboxWriter outboxWriter(Outbox outbox, SpringOutboxes outboxes) {
    return outboxes.bound(outbox);
  }

  /** Static, so that it is there before the transaction managers. */
  @Bean
  static TransactionWatch outboxTransactionWatch() {
    return new TransactionWatch();
  }

  /** One outbox, in the table of the settings. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnMissingBean(TenantTables.class)
  static class SingleOutboxConfiguration {

    @Bean
    @ConditionalOnMissingBean
    JdbcOutbox jdbcOutbox(
        OutboxWriterProperties properties, ObjectProvider<HeaderSource> headerSources) {
      JdbcOutbox outbox = JdbcOutbox.of(properties.outboxTable(), properties.medium());
      for (HeaderSource source : headerSources.orderedStream().toList()) {
        outbox = outbox.withHeadersFrom(source);
      }
      return outbox;
    }

    @Bean
    @ConditionalOnMissingBean
    OutboxSchema outboxSchema(JdbcOutbox outbox) {
      return OutboxSchema.of(outbox);
    }
  }

  /** The outbox of the current tenant. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnBean(TenantTables.class)
  static class TenantOutboxConfiguration {

    @Bean
    @ConditionalOnMissingBean
    TenantOutbox tenantOutbox(TenantTables tables, OutboxWriterProperties properties) {
      return TenantOutbox.of(tables, properties.medium());
    }
  }

  /** Payloads in JSON by the application's own mapper. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(JsonMapper.class)
  @ConditionalOnSingleCandidate(JsonMapper.class)
  static class JsonConfiguration {

    @Bean
    @ConditionalOnMissingBean(EventSerializer.class)
    EventSerializer<Object> outboxEventSerializer(JsonMapper mapper) {
      return new JsonSerializer(mapper);
    }
  }

  /** Domain events of the application. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnBean(OutboxMapping.class)
  static class DomainEventConfiguration {

    @Bean
    DomainEventListener outboxDomainEventListener(
        ObjectProvider<OutboxMapping<?>> mappings, OutboxWriter writer) {
      return new DomainEventListener(new OutboxMappings(mappings.stream().toList()), writer);
    }
  }
}
