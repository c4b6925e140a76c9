package dev.outbox.idempotency.http.spring;

import io.lettuce.core.RedisClient;
import org.springframework.beans.factory.DisposableBean;

/**
 * The way to Redis.
 *
 * @param own whether it ends with the application; else it is somebody else's
 */
record RedisConnection(RedisClient client, boolean own) implements DisposableBean {

  static RedisConnection to(String url) {
    try {
      return new RedisConnection(RedisClient.create(url), true);
    } catch (IllegalArgumentException e) {
      // Neither the value nor the cause, which quotes it: there may be a password in it.
      throw new IllegalStateException(
          "outbox.idempotency.redis.url is no address of Redis. It looks like"
              + " redis://user:password@host:6379/0, with rediss:// for TLS or redis-sentinel://.");
    }
  }

  @Override
  public void destroy() {
    if (own) {
      client.shutdown();
    }
  }
}
