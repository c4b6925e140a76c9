package dev.outbox.idempotency.http.redis;

import static dev.outbox.idempotency.http.redis.Packed.text;

import dev.outbox.idempotency.http.Claim;
import dev.outbox.idempotency.http.ClaimRequest;
import dev.outbox.idempotency.http.IdempotencyScope;
import dev.outbox.idempotency.http.IdempotencyStore;
import dev.outbox.idempotency.http.RecordId;
import dev.outbox.idempotency.http.StoredResponse;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Records in Redis, each with a time to live. For reserved mode: two stores cannot commit together.
 *
 * <p>A record is lost when Redis loses its memory (restart without persistence, {@code FLUSHALL},
 * eviction), or fails over to a replica that has not received it; then the next request with this
 * key is the first one. So the business table needs a unique index over {@link
 * dev.outbox.idempotency.http.Reservation#keyFor}, and the service answers from the row that is
 * there.
 *
 * <p>It connects and reconnects in the background, so that an application starts though Redis is
 * gone. Needs Redis 5 or newer. Thread-safe.
 */
public final class RedisIdempotencyStore implements IdempotencyStore, AutoCloseable {

  /** How long an answer of Redis is waited for. */
  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(1);

  /** The beginning of all keys. */
  public static final String DEFAULT_PREFIX = "idempotency:";

  private final Scripting redis;
  private final Duration timeout;
  private final String prefix;

  private RedisIdempotencyStore(Scripting redis, Duration timeout, String prefix) {
    this.redis = redis;
    this.timeout = timeout;
    this.prefix = prefix;
  }

  /**
   * Records at this server, or at the primary that these sentinels name.
   *
   * @param client stays the caller's; shut it down after closing this
   */
  public static RedisIdempotencyStore at(RedisClient client, RedisURI server) {
    return over(Scripting.at(client, server));
  }

  /**
   * Records at the server that this client was made for.
   *
   * @param client stays the caller's; shut it down after closing this
   */
  public static RedisIdempotencyStore at(RedisClient client) {
    return over(Scripting.at(client));
  }

  private static RedisIdempotencyStore over(Scripting redis) {
    // Begun here and awaited nowhere, so that the first request need not wait for it.
    redis.connection();
    return new RedisIdempotencyStore(redis, DEFAULT_TIMEOUT, DEFAULT_PREFIX);
  }

  /**
   * The same with this timeout, on the same connection; one second unless given. A claim that Redis
   * gives after that is nobody's until its lease ends.
   */
  public RedisIdempotencyStore timeout(Duration duration) {
    if (duration.toMillis() < 1) {
      throw new IllegalArgumentException("timeout(%s): a millisecond or more".formatted(duration));
    }
    return new RedisIdempotencyStore(redis, duration, prefix);
  }

  /** The same with this beginning of all keys; {@code idempotency:} unless given. */
  public RedisIdempotencyStore prefix(String beginning) {
    return new RedisIdempotencyStore(redis, timeout, beginning);
  }

  @Override
  public Claim claim(ClaimRequest request, Duration lease) {
    List<byte[]> arguments = new ArrayList<>();
    arguments.add(requestHash(request));
    arguments.add(millis(lease));
    arguments.add(millis(request.window()));
    addScope(arguments, request.scope());
    List<byte[]> reply =
        reply("claim", Script.CLAIM, request.id(), arguments.toArray(byte[][]::new));
    return text(reply.get(0)).equals("claimed")
        ? new Claim.Claimed(number(reply.get(1)), Packed.steps(reply.get(2)))
        : decided(reply).orElseThrow();
  }

  @Override
  public Optional<Claim.Decided> find(ClaimRequest request) {
    return decided(reply("find", Script.FIND, request.id(), requestHash(request)));
  }

  @Override
  public boolean renew(RecordId id, long fence, Duration lease) {
    return run("renew", Script.RENEW, id, utf8(fence), millis(lease)) != 0;
  }

  @Override
  public boolean recordStep(RecordId id, long fence, String step, byte[] result) {
    return run("record a step of", Script.RECORD_STEP, id, utf8(fence), Packed.step(step, result))
        != 0;
  }

  @Override
  public Optional<Instant> complete(
      RecordId id, long fence, StoredResponse response, Duration window) {
    long expires =
        run(
            "complete",
            Script.COMPLETE,
            id,
            utf8(fence),
            millis(window),
            utf8(response.status()),
            Packed.headers(response.headers()),
            response.body());
    return expires == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(expires));
  }

  @Override
  public void release(RecordId id, long fence) {
    run("release", Script.RELEASE, id, utf8(fence));
  }

  /** Nothing to do: Redis deletes them. */
  @Override
  public int deleteExpired(int limit) {
    return 0;
  }

  /** Closes the connection; claims that are held end with their leases. */
  @Override
  public void close() {
    redis.close();
  }

  private long run(String what, String script, RecordId id, byte[]... arguments) {
    return redis.<Long>run(what, script, ScriptOutputType.INTEGER, key(id), timeout, arguments);
  }

  private List<byte[]> reply(String what, String script, RecordId id, byte[]... arguments) {
    return redis.run(what, script, ScriptOutputType.MULTI, key(id), timeout, arguments);
  }

  private byte[] key(RecordId id) {
    return Packed.utf8(prefix + id.sha256());
  }

  private static Optional<Claim.Decided> decided(List<byte[]> reply) {
    return switch (text(reply.get(0))) {
      case "completed" ->
          Optional.of(
              new Claim.Completed(
                  new StoredResponse(
                      Math.toIntExact(number(reply.get(2))),
                      Packed.headers(reply.get(3)),
                      reply.get(4)),
                  Instant.ofEpochMilli(number(reply.get(1)))));
      case "in_progress" -> Optional.of(new Claim.InProgress());
      case "mismatch" -> Optional.of(new Claim.Mismatch());
      default -> Optional.empty();
    };
  }

  /** For people who look into Redis. */
  private static void addScope(List<byte[]> arguments, IdempotencyScope scope) {
    addField(arguments, "endpoint", scope.endpoint());
    scope.tenant().ifPresent(tenant -> addField(arguments, "tenant", tenant));
    scope.principal().ifPresent(principal -> addField(arguments, "principal", principal));
  }

  private static void addField(List<byte[]> arguments, String field, String value) {
    arguments.add(Packed.utf8(field));
    arguments.add(Packed.utf8(value));
  }

  private static byte[] requestHash(ClaimRequest request) {
    return HexFormat.of().parseHex(request.fingerprint().sha256());
  }

  private static byte[] millis(Duration duration) {
    return utf8(duration.toMillis());
  }

  private static byte[] utf8(long number) {
    return Packed.utf8(Long.toString(number));
  }

  private static long number(byte[] digits) {
    return Long.parseLong(text(digits));
  }
}
