package dev.outbox.idempotency.token.spring;

import dev.outbox.idempotency.token.OneTimeTokens;
import dev.outbox.idempotency.token.TokenTable;
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

/**
 * Configures one-time tokens over the application's data source; properties {@code outbox.token.*}.
 * Off unless {@code outbox.token.enabled=true}, since not every application wants the table.
 */
@AutoConfiguration(after = DataSourceAutoConfiguration.class)
@ConditionalOnClass(DataSourceUtils.class)
@ConditionalOnSingleCandidate(DataSource.class)
@ConditionalOnBooleanProperty(name = "outbox.token.enabled")
@EnableConfigurationProperties(TokenProperties.class)
public class TokenAutoConfiguration {

  @Bean
  @ConditionalOnMissingBean
  TokenTable tokenTable(TokenProperties properties) {
    return properties.tokenTable();
  }

  /** After the application's own migrations: Flyway will not begin in a schema with tables. */
  @Bean
  @DependsOnDatabaseInitialization
  TokenTableInitializer tokenTableInitializer(
      TokenProperties properties, TokenTable table, DataSource dataSource) {
    return new TokenTableInitializer(properties, table, dataSource);
  }

  @Bean
  @ConditionalOnMissingBean
  SpringTokens springTokens(TokenTableInitializer initialized) {
    return new SpringTokens(OneTimeTokens.in(initialized.table()), initialized.dataSource());
  }
}
