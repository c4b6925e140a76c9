package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.IdempotencyTable;
import dev.outbox.idempotency.http.OutcomePolicy;
import dev.outbox.idempotency.http.Problem;
import dev.outbox.idempotency.http.RetryWindow;
import dev.outbox.idempotency.http.Stage;
import dev.outbox.idempotency.http.redis.RedisIdempotencyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Settings of idempotency keys.
 *
 * @param enabled whether keys are configured at all
 * @param store where the records are; {@code redis} takes endpoints in reserved mode, and there is
 *     no table
 * @param schema schema of the table; without it the connection's search path decides
 * @param table name of the table, with its case
 * @param migrate whether the table is made and updated at start, after the application's own
 *     migrations
 * @param check whether the start is refused, with the reason, when the table is missing or unfit
 * @param stage how far endpoints are that do not say
 * @param window how long keys are remembered; unless set 24 hours, or what {@code
 *     outbox.idempotency.retry} asks for where that is longer. A shorter one than that is refused
 *     at start
 * @param retry for how long a repeat can still arrive
 * @param claimWait how long a duplicate waits, in atomic mode, for an attempt that is at work; it
 *     holds a connection meanwhile, then the answer is 409
 * @param retryAfter what {@code Retry-After} says to a duplicate that must come again
 * @param lease how long a reservation lasts after its last heartbeat
 * @param longestReservation after how long a reservation is renewed no more
 * @param maxRequestSize the longest body that a request with a key may have; it is held in memory
 * @param maxResponseSize the longest body that is stored; it is held in memory
 * @param fingerprintHeaders headers in which two different intents may differ
 * @param excludedHeaders response headers that are not replayed, besides those that never are
 * @param outcomes which answers are stored
 * @param anonymous whether callers without a principal may use keys; they share one scope, so
 *     whoever guesses a key reads its response
 * @param problemTypeBase begin of the type URI of problem details
 * @param expiry deletion of expired keys
 * @param filterOrder order of the filter: behind authentication, before everything that must be in
 *     the transaction
 * @param redis records in Redis
 * @param endpoints settings of single endpoints, {@code <name>.stage} and {@code <name>.window}; a
 *     name that no method has fails the start
 */
@ConfigurationProperties("outbox.idempotency")
record IdempotencyProperties(
    @DefaultValue("true") boolean enabled,
    @DefaultValue("postgres") Store store,
    @Nullable String schema,
    @DefaultValue(IdempotencyTable.DEFAULT_NAME) String table,
    @DefaultValue("true") boolean migrate,
    @DefaultValue("true") boolean check,
    @DefaultValue("required") Stage stage,
    @Nullable Duration window,
    @DefaultValue Retry retry,
    @DefaultValue("1s") Duration claimWait,
    @DefaultValue("1s") Duration retryAfter,
    @DefaultValue("30s") Duration lease,
    @DefaultValue("10m") Duration longestReservation,
    @DefaultValue("1MB") DataSize maxRequestSize,
    @DefaultValue("1MB") DataSize maxResponseSize,
    @DefaultValue("Content-Type") Set<String> fingerprintHeaders,
    @DefaultValue Set<String> excludedHeaders,
    @DefaultValue Outcomes outcomes,
    @DefaultValue("false") boolean anonymous,
    @DefaultValue(Problem.TYPE_BASE) String problemTypeBase,
    @DefaultValue Expiry expiry,
    @DefaultValue("-50") int filterOrder,
    @DefaultValue Redis redis,
    @DefaultValue Map<String, EndpointSettings> endpoints) {

  /** Where the records are. */
  enum Store {
    /** In the service's own database. */
    POSTGRES,
    /** In Redis, with a unique index of the business table behind it. */
    REDIS
  }

  IdempotencyTable idempotencyTable() {
    return schema == null || schema.isEmpty()
        ? IdempotencyTable.named(table)
        : IdempotencyTable.in(schema, table);
  }

  /**
   * For how long a repeat can still arrive.
   *
   * @param clientTime from a client's first attempt to its last
   * @param partitionTime how long the network, a queue or a proxy can hold an attempt back
   * @param clockSkew by how much clocks may differ
   */
  record Retry(
      @DefaultValue("12h") Duration clientTime,
      @DefaultValue("1h") Duration partitionTime,
      @DefaultValue("5m") Duration clockSkew) {

    RetryWindow window() {
      return new RetryWindow(clientTime, partitionTime, clockSkew);
    }
  }

  /**
   * Which answers are stored.
   *
   * @param release statuses or classes that are not stored: the next attempt runs again
   * @param commit statuses from 400 whose business rows stay in atomic mode; others are rolled back
   */
  record Outcomes(
      @DefaultValue({"401", "403", "408", "409", "423", "425", "429", "5xx"}) List<String> release,
      @DefaultValue List<String> commit) {

    OutcomePolicy policy() {
      return OutcomePolicy.of(release, commit);
    }
  }

  /**
   * Deletion of expired keys.
   *
   * @param enabled whether this instance deletes them
   * @param interval pause between two rounds
   * @param batch the most to delete in one transaction
   */
  record Expiry(
      @DefaultValue("true") boolean enabled,
      @DefaultValue("1m") Duration interval,
      @DefaultValue("1000") int batch) {}

  /**
   * Records in Redis.
   *
   * @param url where Redis is, as {@code redis://user:password@host:port/database}, {@code
   *     rediss://} with TLS or {@code redis-sentinel://}; the connection of {@code
   *     spring.data.redis} unless set
   * @param prefix begin of all keys in Redis
   * @param timeout how long an answer of Redis is waited for
   */
  record Redis(
      @Nullable String url,
      @DefaultValue(RedisIdempotencyStore.DEFAULT_PREFIX) String prefix,
      @DefaultValue("1s") Duration timeout) {}

  /**
   * Settings of one endpoint.
   *
   * @param stage observe, optional or required
   * @param window how long its keys are remembered
   */
  record EndpointSettings(@Nullable Stage stage, @Nullable Duration window) {}
}
