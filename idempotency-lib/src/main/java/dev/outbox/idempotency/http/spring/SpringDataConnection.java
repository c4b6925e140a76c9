package dev.outbox.idempotency.http.spring;

import io.lettuce.core.RedisClient;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** What Spring Data knows of Redis: address, credentials, TLS, sentinels, client options. */
record SpringDataConnection(LettuceConnectionFactory factory) {

  RedisConnection connection() {
    if (factory.getRequiredNativeClient() instanceof RedisClient client) {
      return new RedisConnection(client, false);
    }
    throw new IllegalStateException(
        "spring.data.redis.cluster is set, and idempotency keys do not go into a Redis cluster:"
            + " set outbox.idempotency.redis.url to a server or sentinels.");
  }
}
