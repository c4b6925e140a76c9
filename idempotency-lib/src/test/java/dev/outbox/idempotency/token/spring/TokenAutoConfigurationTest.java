package dev.outbox.idempotency.token.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.idempotency.token.TokenResult;
import dev.outbox.idempotency.token.TokenSchemaException;
import dev.outbox.idempotency.token.TokenScope;
import dev.outbox.idempotency.token.TokenTable;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@WithLocalStack
class TokenAutoConfigurationTest {

  private static final TokenScope OURS = new TokenScope("user", "submit-order");
  private static final Duration HOUR = Duration.ofHours(1);

  private final ApplicationContextRunner application;

  TokenAutoConfigurationTest(PostgresServer postgres) {
    DataSource dataSource = TestDatabase.ofOwner(postgres).dataSource();
    this.application =
        new ApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    DataSourceTransactionManagerAutoConfiguration.class,
                    TokenAutoConfiguration.class))
            .withBean(DataSource.class, () -> dataSource)
            .withPropertyValues("outbox.token.enabled=true");
  }

  @Test
  void aTokenIsSpentWithTheSpringTransactionAndGivenBackByItsRollback() {
    application.run(
        context -> {
          // Given
          SpringTokens tokens = context.getBean(SpringTokens.class);
          String token = in(context, () -> tokens.issue(OURS, HOUR));

          // When
          transactions(context)
              .executeWithoutResult(
                  status -> {
                    tokens.spend(token, OURS);
                    status.setRollbackOnly();
                  });
          TokenResult first = in(context, () -> tokens.spend(token, OURS));
          TokenResult second = in(context, () -> tokens.spend(token, OURS));

          // Then
          assertThat(first).isEqualTo(new TokenResult.Accepted());
          assertThat(second).isEqualTo(new TokenResult.AlreadySpent());
          assertThat(in(context, () -> tokens.deleteExpired(HOUR, 10))).isZero();
        });
  }

  @Test
  void withoutASpringTransactionNothingIsSpent() {
    application.run(
        context -> {
          SpringTokens tokens = context.getBean(SpringTokens.class);
          String token = in(context, () -> tokens.issue(OURS, HOUR));
          assertThatThrownBy(() -> tokens.spend(token, OURS))
              .isInstanceOf(TransactionRequiredException.class)
              .hasMessageContaining("one-time tokens")
              .hasMessageContaining("@Transactional");
          assertThat(in(context, () -> tokens.spend(token, OURS)).accepted()).isTrue();
        });
  }

  @Test
  void schemaAndTableAreTakenFromTheProperties() {
    application
        .withPropertyValues("outbox.token.schema=team", "outbox.token.table=voucher")
        .run(
            context -> {
              assertThat(context.getBean(TokenTable.class))
                  .isEqualTo(TokenTable.in("team", "voucher"));
              SpringTokens tokens = context.getBean(SpringTokens.class);
              assertThat(in(context, () -> tokens.issue(OURS, HOUR))).hasSize(43);
            });
  }

  @Test
  void aMissingTableFailsTheStartWhenItIsOnlyToBeChecked() {
    application
        .withPropertyValues("outbox.token.migrate=false")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .hasRootCauseInstanceOf(TokenSchemaException.class)
                    .rootCause()
                    .hasMessageContaining("outbox.token.migrate=true"));
  }

  @Test
  void nothingIsConfiguredUnlessEnabled() {
    application
        .withPropertyValues("outbox.token.enabled=false")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(SpringTokens.class));
  }

  @Test
  void everyPropertyHasItsNameAndDefaultInTheMetadata() throws IOException {
    try (InputStream metadata =
        Objects.requireNonNull(
            TokenProperties.class.getResourceAsStream(
                "/META-INF/spring-configuration-metadata.json"))) {
      String text = new String(metadata.readAllBytes(), StandardCharsets.UTF_8);
      assertThat(text.replaceAll("\\s+", " "))
          .containsSubsequence("\"outbox.token.check\"", "\"defaultValue\": true")
          .containsSubsequence("\"outbox.token.enabled\"", "\"defaultValue\": false")
          .containsSubsequence("\"outbox.token.migrate\"", "\"defaultValue\": true")
          .containsSubsequence("\"outbox.token.schema\"")
          .containsSubsequence("\"outbox.token.table\"", "\"defaultValue\": \"one_time_token\"");
    }
  }

  private static <T> T in(ApplicationContext context, Supplier<T> work) {
    return Objects.requireNonNull(transactions(context).execute(status -> work.get()));
  }

  private static TransactionTemplate transactions(ApplicationContext context) {
    return new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
  }
}
