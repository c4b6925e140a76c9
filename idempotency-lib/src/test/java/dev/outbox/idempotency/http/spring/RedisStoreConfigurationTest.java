package dev.outbox.idempotency.http.spring;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.springframework.test.web.servlet.request.MockMvcRequestBuilders.post;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.http.IdempotencyStore;
import dev.outbox.idempotency.http.IdempotencyTable;
import dev.outbox.idempotency.http.Mode;
import dev.outbox.idempotency.http.PostgresIdempotencyStore;
import dev.outbox.idempotency.http.Reservation;
import dev.outbox.idempotency.http.redis.RedisIdempotencyStore;
import dev.outbox.local.LocalRedis;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableWebApplicationContext;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.webmvc.autoconfigure.WebMvcAutoConfiguration;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.test.web.servlet.MockMvc;
import org.springframework.test.web.servlet.setup.MockMvcBuilders;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

@WithLocalStack
class RedisStoreConfigurationTest {

  private static final LocalRedis SERVER = LocalRedis.started();
  private static final String URL = "redis://localhost:%d/3".formatted(SERVER.port());

  private final TestDatabase database;
  private final WebApplicationContextRunner application;

  RedisStoreConfigurationTest(PostgresServer postgres) {
    this.database = TestDatabase.ofOwner(postgres);
    this.application =
        new WebApplicationContextRunner()
            .withConfiguration(
                AutoConfigurations.of(
                    DataSourceTransactionManagerAutoConfiguration.class,
                    WebMvcAutoConfiguration.class,
                    IdempotencyAutoConfiguration.class))
            .withBean(DataSource.class, database::dataSource)
            .withPropertyValues(
                "outbox.idempotency.store=redis", "outbox.idempotency.redis.timeout=30s");
  }

  @AfterAll
  static void close() {
    SERVER.close();
  }

  @RestController
  static class Payments {

    private final AtomicInteger paid = new AtomicInteger();

    @Idempotent(name = "payments", mode = Mode.RESERVED)
    @PostMapping("/payments")
    String pay(Reservation reservation) {
      return reservation.textStep("charge", () -> "payment " + paid.incrementAndGet());
    }
  }

  @RestController
  static class Orders {

    @Idempotent(name = "orders")
    @PostMapping("/orders")
    String order() {
      return "ordered";
    }
  }

  @Test
  void aRepeatIsAnsweredFromRedisAndNoTableIsMade() {
    application
        .withBean(Payments.class)
        .withPropertyValues(
            "outbox.idempotency.redis.url=" + URL, "outbox.idempotency.redis.prefix=team:keys:")
        .run(
            context -> {
              // When
              String key = UUID.randomUUID().toString();
              MockHttpServletResponse first = pay(context, key);
              MockHttpServletResponse second = pay(context, key);

              // Then
              assertThat(first.getContentAsString()).isEqualTo("payment 1");
              assertThat(second.getContentAsString()).isEqualTo("payment 1");
              assertThat(second.getHeader("Idempotency-Replayed")).isEqualTo("true");
              assertThat(keys(3)).singleElement().asString().startsWith("team:keys:");
              assertThat(context).doesNotHaveBean(IdempotencyTable.class);
              assertThat(database.query("select tablename from pg_tables where tablename ~ 'idem'"))
                  .isEmpty();
            });
  }

  @Test
  void withoutAnUrlTheConnectionOfSpringDataIsUsed() {
    application
        .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
        .withBean(Payments.class)
        .withPropertyValues(
            "spring.data.redis.host=localhost",
            "spring.data.redis.port=" + SERVER.port(),
            "spring.data.redis.database=4")
        .run(
            context -> {
              pay(context, UUID.randomUUID().toString());
              assertThat(keys(4)).singleElement().asString().startsWith("idempotency:");
            });
  }

  @Test
  void whatSpringDataOwnsStaysOpenAndWhatTheLibraryMadeIsClosed() {
    application
        .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
        .withPropertyValues("spring.data.redis.port=" + SERVER.port())
        .run(
            context -> {
              assertThat(context.getBean(RedisConnection.class).own()).isFalse();
              assertThat(context.getBean(RedisConnection.class).client())
                  .isSameAs(
                      context.getBean(LettuceConnectionFactory.class).getRequiredNativeClient());
            });
    application
        .withPropertyValues("outbox.idempotency.redis.url=" + URL)
        .run(context -> assertThat(context.getBean(RedisConnection.class).own()).isTrue());
  }

  @Test
  void itStartsThoughRedisIsGoneAndAnswers503UntilItIsThere() {
    LocalRedis later = LocalRedis.started();
    later.kill();
    try (later) {
      application
          .withBean(Payments.class)
          .withPropertyValues("outbox.idempotency.redis.url=redis://localhost:" + later.port())
          .run(
              context -> {
                // Given
                MockHttpServletResponse refused = pay(context, UUID.randomUUID().toString());
                assertThat(refused.getStatus()).isEqualTo(503);
                assertThat(refused.getHeader("Retry-After")).isEqualTo("1");
                assertThat(refused.getContentAsString()).contains("idempotency-store-unavailable");

                // When
                later.start();

                // Then
                await()
                    .atMost(PATIENCE)
                    .until(() -> pay(context, UUID.randomUUID().toString()).getStatus() == 200);
              });
    }
  }

  @Test
  void anEndpointInAtomicModeFailsTheStartWithItsNameAndTheRemedy() {
    assertFails(
        application
            .withBean(Orders.class)
            .withPropertyValues("outbox.idempotency.redis.url=" + URL),
        "@Idempotent 'orders' is in atomic mode, and the idempotency keys are in a"
            + " RedisIdempotencyStore: two stores cannot commit together. Give it mode ="
            + " Mode.RESERVED, or leave the keys in PostgreSQL"
            + " (outbox.idempotency.store=postgres).");
  }

  @Test
  void aStartWithoutAnAddressOrWithABrokenOneOrWithoutLettuceFailsWithTheRemedy() {
    assertFails(application, "set outbox.idempotency.redis.url, or add");
    assertFails(
        application.withPropertyValues("outbox.idempotency.redis.url=http://u:secret@h"),
        "outbox.idempotency.redis.url is no address of Redis.");
    assertFails(
        application
            .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
            .withPropertyValues("spring.data.redis.cluster.nodes=localhost:1"),
        "idempotency keys do not go into a Redis cluster");
    assertFails(
        application.withClassLoader(new FilteredClassLoader(RedisClient.class)),
        "takes io.lettuce:lettuce-core");
    application
        .withPropertyValues("outbox.idempotency.store=mongo")
        .run(
            context ->
                assertThat(Objects.requireNonNull(context.getStartupFailure()))
                    .hasStackTraceContaining("outbox.idempotency.store"));
  }

  @Test
  void withPostgresLettuceIsNotNeededAndAnOwnBeanGoesFirst() {
    application
        .withClassLoader(new FilteredClassLoader(RedisClient.class, LettuceConnectionFactory.class))
        .withPropertyValues("outbox.idempotency.store=postgres")
        .run(
            context ->
                assertThat(context.getBean(IdempotencyStore.class))
                    .isInstanceOf(PostgresIdempotencyStore.class));
    RedisClient client = RedisClient.create(RedisURI.create(URL));
    try (RedisIdempotencyStore own = RedisIdempotencyStore.at(client)) {
      application
          .withBean(IdempotencyStore.class, () -> own)
          .run(context -> assertThat(context).getBean(IdempotencyStore.class).isSameAs(own));
    }
    client.shutdown(Duration.ZERO, PATIENCE);
  }

  private static MockHttpServletResponse pay(AssertableWebApplicationContext context, String key)
      throws Exception {
    IdempotencyFilter filter =
        (IdempotencyFilter)
            Objects.requireNonNull(
                context.getBean("idempotencyFilter", FilterRegistrationBean.class).getFilter());
    MockMvc client = MockMvcBuilders.webAppContextSetup(context).addFilters(filter).build();
    return client
        .perform(
            post("/payments").principal(() -> "alice").header("Idempotency-Key", '"' + key + '"'))
        .andReturn()
        .getResponse();
  }

  private static List<String> keys(int number) {
    RedisClient client =
        RedisClient.create("redis://localhost:%d/%d".formatted(SERVER.port(), number));
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      return connection.sync().keys("*");
    } finally {
      client.shutdown(Duration.ZERO, PATIENCE);
    }
  }

  private static void assertFails(WebApplicationContextRunner runner, String message) {
    runner.run(
        context ->
            assertThat(
                    NestedExceptionUtils.getMostSpecificCause(
                        Objects.requireNonNull(context.getStartupFailure())))
                .hasMessageContaining(message)
                .message()
                .doesNotContain("secret"));
  }
}
