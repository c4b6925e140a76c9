package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.IdempotencyStore;
import dev.outbox.idempotency.http.redis.RedisIdempotencyStore;
import io.lettuce.core.RedisClient;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** Records in Redis: {@code outbox.idempotency.store=redis}. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty(name = "outbox.idempotency.store", havingValue = "redis")
@ConditionalOnMissingBean(IdempotencyStore.class)
class RedisStoreConfiguration {

  /** Where there is Lettuce. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(RedisClient.class)
  static class WithLettuce {

    @Bean
    RedisConnection idempotencyRedis(
        IdempotencyProperties properties, ObjectProvider<SpringDataConnection> springData) {
      String url = properties.redis().url();
      if (url != null && !url.isEmpty()) {
        return RedisConnection.to(url);
      }
      SpringDataConnection shared = springData.getIfAvailable();
      if (shared == null) {
        throw new IllegalStateException(
            "outbox.idempotency.store=redis, and nothing says where Redis is: set"
                + " outbox.idempotency.redis.url, or add spring-boot-starter-data-redis and set"
                + " spring.data.redis.*.");
      }
      return shared.connection();
    }

    /** Who shuts the client down closes its connections; a second time brings a warning. */
    @Bean(destroyMethod = "")
    RedisIdempotencyStore idempotencyStore(
        RedisConnection redis, IdempotencyProperties properties) {
      return RedisIdempotencyStore.at(redis.client())
          .timeout(properties.redis().timeout())
          .prefix(properties.redis().prefix());
    }
  }

  /** Where there is Spring Data, whose settings say where Redis is. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(LettuceConnectionFactory.class)
  static class WithSpringData {

    @Bean
    @ConditionalOnSingleCandidate(LettuceConnectionFactory.class)
    SpringDataConnection idempotencySpringDataConnection(LettuceConnectionFactory factory) {
      return new SpringDataConnection(factory);
    }
  }

  /** Without Lettuce. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnMissingClass("io.lettuce.core.RedisClient")
  static class WithoutLettuce {

    @Bean
    IdempotencyStore idempotencyStore() {
      throw new IllegalStateException(
          "outbox.idempotency.store=redis takes io.lettuce:lettuce-core, which is not there.");
    }
  }
}
