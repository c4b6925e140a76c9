package dev.outbox.idempotency.http.spring;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.http.Endpoint;
import dev.outbox.idempotency.http.ExpirySweeper;
import dev.outbox.idempotency.http.Idempotency;
import dev.outbox.idempotency.http.IdempotencySchemaException;
import dev.outbox.idempotency.http.IdempotencyStore;
import dev.outbox.idempotency.http.IdempotencyTransactions;
import dev.outbox.idempotency.http.Mode;
import dev.outbox.idempotency.http.Stage;
import dev.outbox.idempotency.http.WindowTooShortException;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableWebApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.webmvc.autoconfigure.WebMvcAutoConfiguration;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

@WithLocalStack
class IdempotencyAutoConfigurationTest {

  private final PostgresServer postgres;
  private final TestDatabase database;
  private final WebApplicationContextRunner application;

  IdempotencyAutoConfigurationTest(PostgresServer postgres) {
    this.postgres = postgres;
    this.database = TestDatabase.ofOwner(postgres);
    this.application =
        new WebApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    DataSourceTransactionManagerAutoConfiguration.class,
                    WebMvcAutoConfiguration.class,
                    IdempotencyAutoConfiguration.class))
            .withBean(DataSource.class, database::dataSource);
  }

  @RestController
  static class Refunds {

    @Idempotent(name = "refunds", mode = Mode.RESERVED, window = "72h")
    @PostMapping("/refunds")
    String refund() {
      return "refunded";
    }

    @Idempotent
    @PostMapping("/carts/{id}")
    String buy() {
      return "bought";
    }
  }

  @RestController
  static class LateRefunds {

    @Idempotent(name = "refunds")
    @PostMapping("/late")
    CompletableFuture<String> refund() {
      return CompletableFuture.completedFuture("refunded");
    }
  }

  @RestController
  static class OtherRefunds {

    @Idempotent(name = "refunds")
    @PostMapping("/other")
    String refund() {
      return "refunded";
    }
  }

  @Test
  void theTableIsMadeAndExpiredKeysAreDeletedByItself() {
    application
        .withBean(Refunds.class)
        .withPropertyValues("outbox.idempotency.expiry.interval=50ms")
        .run(
            context -> {
              database.execute(
                  """
                  insert into idempotency_key (id, endpoint, request_hash, state, expires_at)
                  select int4send(i), 'e', 'x', 'in_progress', now() from generate_series(1, 2500) i
                  """);
              Awaitility.await()
                  .atMost(PATIENCE)
                  .until(() -> database.query("select id from idempotency_key").isEmpty());
            });
  }

  @Test
  void aMissingTableFailsTheStartWhenItIsOnlyToBeChecked() {
    application
        .withBean(Refunds.class)
        .withPropertyValues("outbox.idempotency.migrate=false")
        .run(
            context ->
                assertThat(reason(context))
                    .isInstanceOf(IdempotencySchemaException.class)
                    .hasMessageContaining("outbox.idempotency.migrate=true"));
  }

  @Test
  void anApplicationWithoutIdempotentMethodsNeedsNeitherTableNorTransactionManager() {
    twoTransactionManagers(application)
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(database.query("select 1 from pg_tables where schemaname = 'public'"))
                  .isEmpty();
            });
  }

  @Test
  void atomicModeWithoutOneTransactionManagerFailsTheStart() {
    assertFails(
        twoTransactionManagers(application.withBean(Refunds.class)),
        "@Idempotent 'POST /carts/{id}' is in atomic mode");
  }

  private WebApplicationContextRunner twoTransactionManagers(WebApplicationContextRunner runner) {
    DataSourceTransactionManager manager = new DataSourceTransactionManager(database.dataSource());
    return runner
        .withBean("second", PlatformTransactionManager.class, () -> manager)
        .withBean("third", PlatformTransactionManager.class, () -> manager);
  }

  @Test
  void schemaAndTableAreTakenFromTheProperties() {
    application
        .withBean(Refunds.class)
        .withPropertyValues("outbox.idempotency.schema=team", "outbox.idempotency.table=keys")
        .run(context -> assertThat(database.query("select id from team.keys")).isEmpty());
  }

  @Test
  void endpointsTakeModeStageAndWindowFromAnnotationAndProperties() {
    application
        .withBean(Refunds.class)
        .withPropertyValues(
            "outbox.idempotency.window=25h",
            "outbox.idempotency.endpoints.refunds.stage=observe",
            "outbox.idempotency.endpoints.[POST /carts/{id}].window=48h")
        .run(
            context -> {
              Endpoint refunds = endpoint(context.getBean(IdempotentEndpoints.class), "/refunds");
              Endpoint carts = endpoint(context.getBean(IdempotentEndpoints.class), "/carts/7");
              assertThat(refunds.name()).isEqualTo("refunds");
              assertThat(refunds.mode()).isEqualTo(Mode.RESERVED);
              assertThat(refunds.stage()).hasToString("OBSERVE");
              assertThat(refunds.window()).isEqualTo(Duration.ofHours(72));
              assertThat(carts.name()).isEqualTo("POST /carts/{id}");
              assertThat(carts.stage()).hasToString("REQUIRED");
              assertThat(carts.window()).isEqualTo(Duration.ofHours(48));
            });
  }

  @Test
  void controllersThatInheritAMethodHaveAnEndpointEach() {
    application
        .withBean(LeftShelf.class)
        .withBean(RightShelf.class)
        .withPropertyValues("outbox.idempotency.endpoints.[POST /right/take].stage=optional")
        .run(
            context -> {
              IdempotentEndpoints endpoints = context.getBean(IdempotentEndpoints.class);
              assertThat(endpoint(endpoints, "/left/take").name()).isEqualTo("POST /left/take");
              assertThat(endpoint(endpoints, "/left/take").stage()).isEqualTo(Stage.REQUIRED);
              assertThat(endpoint(endpoints, "/right/take").name()).isEqualTo("POST /right/take");
              assertThat(endpoint(endpoints, "/right/take").stage()).isEqualTo(Stage.OPTIONAL);
            });
  }

  static class Shelf {
    @Idempotent
    @PostMapping("/take")
    String take() {
      return "";
    }
  }

  @RestController
  @RequestMapping("/left")
  static class LeftShelf extends Shelf {}

  @RestController
  @RequestMapping("/right")
  static class RightShelf extends Shelf {}

  @Test
  void theWindowIsADayOrWhatRetriesAskForWhereThatIsLonger() {
    WebApplicationContextRunner refunds = application.withBean(Refunds.class);
    refunds.run(
        context ->
            assertThat(endpoint(context.getBean(IdempotentEndpoints.class), "/carts/1").window())
                .isEqualTo(Duration.ofHours(24)));
    refunds
        .withPropertyValues("outbox.idempotency.retry.client-time=48h")
        .run(
            context ->
                assertThat(
                        endpoint(context.getBean(IdempotentEndpoints.class), "/carts/1").window())
                    .isEqualTo(Duration.parse("PT49H5M")));
  }

  @Test
  void aWindowShorterThanRetriesAskForFailsTheStartWithItsNameAndTheSum() {
    assertTooShort(
        application, "outbox.idempotency.window is PT1H", "outbox.idempotency.window=1h");
    assertTooShort(
        application.withBean(Refunds.class),
        "the window of @Idempotent 'refunds' is PT72H",
        "outbox.idempotency.retry.client-time=72h");
    assertTooShort(
        application.withBean(Refunds.class),
        "outbox.idempotency.endpoints.refunds.window is PT1H",
        "outbox.idempotency.endpoints.refunds.window=1h");
  }

  @Test
  void anEndpointThatDoesNotExistOrIsNamedTwiceOrAnswersLateFailsTheStart() {
    assertFails(
        application
            .withBean(Refunds.class)
            .withPropertyValues("outbox.idempotency.endpoints.refund.stage=observe"),
        "outbox.idempotency.endpoints has [refund]");
    assertFails(
        application.withBean(Refunds.class).withBean(OtherRefunds.class),
        "two @Idempotent methods are named 'refunds'");
    assertFails(
        application.withBean(LateRefunds.class), "@Idempotent 'refunds' returns CompletableFuture");
  }

  @Test
  void aTransactionManagerOfAnotherDataSourceIsRefusedBeforeAnythingIsWritten() {
    DataSource other = TestDatabase.ofOwner(postgres).dataSource();
    application
        .withBean(PlatformTransactionManager.class, () -> new DataSourceTransactionManager(other))
        .run(
            context -> {
              IdempotencyTransactions transactions = context.getBean(IdempotencyTransactions.class);
              assertThatThrownBy(
                      () ->
                          transactions.inTransaction(
                              connection -> new IdempotencyTransactions.Decision<>("", true)))
                  .isInstanceOf(IllegalStateException.class)
                  .hasMessageContaining("does not manage the data source");
            });
  }

  @Test
  void ownBeansReplaceTheLibrarys() {
    application
        .withBean(
            IdempotencyStore.class,
            () ->
                (IdempotencyStore)
                    Proxy.newProxyInstance(
                        getClass().getClassLoader(),
                        new Class<?>[] {IdempotencyStore.class},
                        (proxy, method, arguments) -> null))
        .withPropertyValues(
            "outbox.idempotency.expiry.enabled=false", "outbox.idempotency.migrate=false")
        .withPropertyValues("outbox.idempotency.check=false")
        .run(
            context ->
                assertThat(context)
                    .hasNotFailed()
                    .hasSingleBean(IdempotencyStore.class)
                    .doesNotHaveBean(ExpirySweeper.class));
  }

  @Test
  void itWorksWithoutMicrometerAndStaysAwayWhereItDoesNotBelong() {
    application
        .withClassLoader(new FilteredClassLoader(MeterRegistry.class))
        .run(context -> assertThat(context).hasNotFailed().hasSingleBean(Idempotency.class));
    application
        .withPropertyValues("outbox.idempotency.enabled=false")
        .run(
            context ->
                assertThat(context)
                    .hasNotFailed()
                    .doesNotHaveBean(Idempotency.class)
                    .doesNotHaveBean(FilterRegistrationBean.class));
    new ApplicationContextRunner()
        .withConfiguration(AutoConfigurations.of(IdempotencyAutoConfiguration.class))
        .withBean(DataSource.class, database::dataSource)
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(Idempotency.class));
  }

  @Test
  void everyPropertyHasItsNameAndDefaultInTheMetadata() throws IOException {
    List<String> defaults =
        List.of(
            "anonymous false",
            "check true",
            "claim-wait \"1s\"",
            "enabled true",
            "expiry.batch 1000",
            "expiry.enabled true",
            "expiry.interval \"1m\"",
            "filter-order -50",
            "lease \"30s\"",
            "longest-reservation \"10m\"",
            "max-request-size \"1MB\"",
            "max-response-size \"1MB\"",
            "migrate true",
            "outcomes.release \"[401, 403, 408, 409, 423, 425, 429, 5xx]\"",
            "problem-type-base \"urn:outbox-relay:problem:\"",
            "redis.prefix \"idempotency:\"",
            "redis.timeout \"1s\"",
            "retry-after \"1s\"",
            "retry.client-time \"12h\"",
            "retry.clock-skew \"5m\"",
            "retry.partition-time \"1h\"",
            "stage \"required\"",
            "store \"postgres\"",
            "table \"idempotency_key\"");
    try (InputStream metadata =
        Objects.requireNonNull(
            IdempotencyProperties.class.getResourceAsStream(
                "/META-INF/spring-configuration-metadata.json"))) {
      String text =
          new String(metadata.readAllBytes(), StandardCharsets.UTF_8).replaceAll("\\s+", " ");
      for (String each : defaults) {
        String[] parts = each.split(" ", 2);
        assertThat(text)
            .containsSubsequence(
                "\"name\": \"outbox.idempotency.%s\"".formatted(parts[0]),
                "\"defaultValue\": " + parts[1]);
      }
      assertThat(text)
          .contains("\"outbox.idempotency.window\"")
          .contains("\"outbox.idempotency.redis.url\"")
          .contains("\"outbox.idempotency.endpoints\"")
          .contains("\"outbox.idempotency.fingerprint-headers\"")
          .contains("\"outbox.idempotency.excluded-headers\"")
          .contains("\"outbox.idempotency.outcomes.commit\"");
    }
  }

  private static Endpoint endpoint(IdempotentEndpoints endpoints, String path) {
    MockHttpServletRequest request = new MockHttpServletRequest("POST", path);
    return endpoints.of(request).orElseThrow();
  }

  private static void assertTooShort(
      WebApplicationContextRunner runner, String message, String property) {
    runner
        .withPropertyValues(property)
        .run(
            context ->
                assertThat(reason(context))
                    .isInstanceOf(WindowTooShortException.class)
                    .hasMessageContaining(message));
  }

  private static void assertFails(WebApplicationContextRunner runner, String message) {
    runner.run(context -> assertThat(reason(context)).hasMessageContaining(message));
  }

  private static Throwable reason(AssertableWebApplicationContext context) {
    return NestedExceptionUtils.getMostSpecificCause(
        Objects.requireNonNull(context.getStartupFailure()));
  }
}
