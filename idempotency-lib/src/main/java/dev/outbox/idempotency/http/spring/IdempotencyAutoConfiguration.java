package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.ExpirySweeper;
import dev.outbox.idempotency.http.Idempotency;
import dev.outbox.idempotency.http.IdempotencyListener;
import dev.outbox.idempotency.http.IdempotencyStore;
import dev.outbox.idempotency.http.IdempotencyTable;
import dev.outbox.idempotency.http.IdempotencyTransactions;
import dev.outbox.idempotency.http.PostgresIdempotencyStore;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.servlet.Filter;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** Configures idempotency keys for Spring MVC; properties {@code outbox.idempotency.*}. */
@AutoConfiguration(
    after = DataSourceAutoConfiguration.class,
    afterName = {
      "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration",
      "org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration",
      "org.springframework.boot.hibernate.autoconfigure.HibernateJpaAutoConfiguration",
      "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration",
      "org.springframework.boot.webmvc.autoconfigure.WebMvcAutoConfiguration"
    })
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass({DataSourceUtils.class, DispatcherServlet.class, Filter.class})
@ConditionalOnSingleCandidate(DataSource.class)
@ConditionalOnBooleanProperty(name = "outbox.idempotency.enabled", matchIfMissing = true)
@EnableConfigurationProperties(IdempotencyProperties.class)
@Import(RedisStoreConfiguration.class)
public class IdempotencyAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  @ConditionalOnSingleCandidate(PlatformTransactionManager.class)
  IdempotencyTransactions idempotencyTransactions(
      PlatformTransactionManager transactionManager, DataSource dataSource) {
    return new SpringIdempotencyTransactions(transactionManager, dataSource);
  }

  @Bean
  @ConditionalOnMissingBean
  Idempotency idempotency(
      IdempotencyProperties properties,
      IdempotencyStore store,
      ObjectProvider<IdempotencyTransactions> transactions,
      ObjectProvider<IdempotencyListener> listeners) {
    List<IdempotencyListener> all = listeners.orderedStream().toList();
    Idempotency.Builder builder =
        Idempotency.over(store)
            .lease(properties.lease())
            .longest(properties.longestReservation())
            .retryAfter(properties.retryAfter())
            .alsoNeverStored(properties.excludedHeaders())
            .listener((endpoint, event) -> all.forEach(each -> each.happened(endpoint, event)));
    transactions.ifAvailable(builder::transactions);
    return builder.build();
  }

  /** Started with the first endpoint. */
  @Bean
  @ConditionalOnBooleanProperty(name = "outbox.idempotency.expiry.enabled", matchIfMissing = true)
  ExpirySweeper idempotencyExpirySweeper(IdempotencyStore store, IdempotencyProperties properties) {
    return new ExpirySweeper(store, properties.expiry().interval(), properties.expiry().batch());
  }

  @Bean
  @ConditionalOnMissingBean
  RequestCallers idempotencyRequestCallers() {
    return RequestCallers.byPrincipal();
  }

  @Bean
  IdempotentEndpoints idempotentEndpoints(
      Idempotency idempotency,
      IdempotencyStore store,
      ObjectProvider<IdempotencyTableInitializer> tables,
      ObjectProvider<ExpirySweeper> sweepers,
      IdempotencyProperties properties,
      BeanFactory beans) {
    return new IdempotentEndpoints(
        properties,
        beans,
        idempotency,
        () -> {
          IdempotencyTableInitializer table = tables.getIfAvailable();
          if (table != null && store instanceof PostgresIdempotencyStore) {
            table.initialize();
          }
          sweepers.ifAvailable(ExpirySweeper::start);
        });
  }

  @Bean
  FilterRegistrationBean<IdempotencyFilter> idempotencyFilter(
      Idempotency idempotency,
      IdempotentEndpoints endpoints,
      RequestCallers callers,
      IdempotencyProperties properties) {
    RequestReader reader =
        new RequestReader(callers, Math.toIntExact(properties.maxRequestSize().toBytes()));
    FilterRegistrationBean<IdempotencyFilter> registration =
        new FilterRegistrationBean<>(
            new IdempotencyFilter(idempotency, endpoints, reader, properties));
    registration.setOrder(properties.filterOrder());
    return registration;
  }

  @Bean
  WebMvcConfigurer idempotencyReservationArgument(
      ObjectProvider<IdempotencyTransactions> transactions) {
    return new WebMvcConfigurer() {
      @Override
      public void addArgumentResolvers(List<HandlerMethodArgumentResolver> resolvers) {
        resolvers.add(new ReservationArgumentResolver(transactions));
      }
    };
  }

  /** Where the records are in the service's own database. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnProperty(
      name = "outbox.idempotency.store",
      havingValue = "postgres",
      matchIfMissing = true)
  static class InPostgres {

    @Bean
    @ConditionalOnMissingBean
    IdempotencyTable idempotencyTable(IdempotencyProperties properties) {
      return properties.idempotencyTable();
    }

    /** After the application's own migrations: Flyway will not begin in a schema with tables. */
    @Bean
    @DependsOnDatabaseInitialization
    IdempotencyTableInitializer idempotencyTableInitializer(
        IdempotencyProperties properties, IdempotencyTable table, DataSource dataSource) {
      return new IdempotencyTableInitializer(properties, table, dataSource);
    }

    @Bean
    @ConditionalOnMissingBean(IdempotencyStore.class)
    PostgresIdempotencyStore idempotencyStore(
        IdempotencyTableInitializer initialized, IdempotencyProperties properties) {
      return new PostgresIdempotencyStore(
          initialized.dataSource(), initialized.table(), properties.claimWait());
    }
  }

  /** Where there is Micrometer. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(MeterRegistry.class)
  static class Metrics {

    @Bean
    IdempotencyListener idempotencyMetrics(ObjectProvider<MeterRegistry> registries) {
      MeterRegistry registry = registries.getIfUnique();
      return registry == null ? IdempotencyListener.none() : new IdempotencyMetrics(registry);
    }
  }
}
