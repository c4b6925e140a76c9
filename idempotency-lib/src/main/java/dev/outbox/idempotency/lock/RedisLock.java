package dev.outbox.idempotency.lock;

import dev.outbox.idempotency.internal.IndexedText;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A lock in Redis: a key with a random value that expires ({@code SET NX PX}), released only by who
 * set it.
 *
 * <p>It is lost when the lease runs out before the work is done, when Redis loses its memory
 * (restart, {@code FLUSHALL}, eviction), or when it fails over to a replica that has not received
 * the key. It connects and reconnects in the background, so that an application starts though Redis
 * is gone. Thread-safe.
 */
public final class RedisLock implements DistributedLock, AutoCloseable {

  static final Duration DEFAULT_LEASE = Duration.ofSeconds(30);
  static final Duration DEFAULT_TIMEOUT = Duration.ofMillis(250);
  static final String DEFAULT_PREFIX = "lock:";

  private static final int LONGEST_NAME = 1024;
  private static final long SHORTEST_FENCE_MILLIS = Duration.ofDays(1).toMillis();

  /**
   * The fence begins at the server's clock in microseconds and grows by one. So it keeps growing
   * when its own key expires, which spares the memory of names that do not come back, and when
   * Redis is emptied.
   */
  private static final String ACQUIRE =
      """
      if not redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
      if redis.call('exists', KEYS[2]) == 0 then
        local now = redis.call('time')
        redis.call('set', KEYS[2], now[1] .. string.format('%06d', now[2]))
      end
      local fence = redis.call('incr', KEYS[2])
      redis.call('pexpire', KEYS[2], ARGV[3])
      return fence
      """;

  private static final String RENEW =
      """
      if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
      return redis.call('pexpire', KEYS[1], ARGV[2])
      """;

  private static final String RELEASE =
      """
      if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
      return redis.call('del', KEYS[1])
      """;

  private final Connecting connecting;
  private final Duration lease;
  private final Duration timeout;
  private final String prefix;

  private RedisLock(Connecting connecting, Duration lease, Duration timeout, String prefix) {
    this.connecting = connecting;
    this.lease = lease;
    this.timeout = timeout;
    this.prefix = prefix;
  }

  /**
   * Locks at this server.
   *
   * @param client stays the caller's; shut it down after closing this
   */
  public static RedisLock at(RedisClient client, RedisURI server) {
    Connecting connecting = new Connecting(client, server);
    // Begun here and awaited nowhere, so that the first request need not wait for it.
    connecting.connection();
    return new RedisLock(connecting, DEFAULT_LEASE, DEFAULT_TIMEOUT, DEFAULT_PREFIX);
  }

  /**
   * The same with this lease, on the same connection; 30 s unless given. Longer than the work
   * usually takes; after a crash of the holder the name is blocked for so long.
   */
  public RedisLock lease(Duration duration) {
    return new RedisLock(connecting, positive("lease", duration), timeout, prefix);
  }

  /**
   * The same with this timeout for an answer of Redis; 250 ms unless given. A lock that Redis gives
   * after that is nobody's until its lease ends.
   */
  public RedisLock timeout(Duration duration) {
    return new RedisLock(connecting, lease, positive("timeout", duration), prefix);
  }

  /** The same with this beginning of all keys; {@code lock:} unless given. */
  public RedisLock prefix(String beginning) {
    return new RedisLock(connecting, lease, timeout, beginning);
  }

  @Override
  public LockResult tryAcquire(String name) {
    IndexedText.check("lock name", name, LONGEST_NAME);
    String value = UUID.randomUUID().toString();
    // In braces, so that a cluster keeps both keys in one slot.
    String key = prefix + "{" + name + "}";
    long fenceMillis = Math.max(SHORTEST_FENCE_MILLIS, 2 * lease.toMillis());
    try {
      long fence =
          eval(
              ACQUIRE,
              new String[] {key, key + ":fence"},
              value,
              Long.toString(lease.toMillis()),
              Long.toString(fenceMillis));
      return fence == 0
          ? new LockResult.Busy()
          : new LockResult.Acquired(new Held(key, value, fence));
    } catch (GoneException e) {
      return new LockResult.Unavailable(e.reason());
    }
  }

  /** Closes the connection; locks that are held end with their lease. */
  @Override
  public void close() {
    connecting.close();
  }

  private long eval(String script, String[] keys, String... values) throws GoneException {
    try {
      StatefulRedisConnection<String, String> connection = await(connecting.connection());
      if (!connection.isOpen()) {
        // Lettuce would keep the command and send it to the next server, long after the timeout.
        throw new RedisException("The connection to Redis is lost and not yet back");
      }
      return await(
          connection
              .async()
              .<Long>eval(script, ScriptOutputType.INTEGER, keys, values)
              .toCompletableFuture());
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw new GoneException(cause != null ? cause : e);
    } catch (TimeoutException | RedisException e) {
      throw new GoneException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GoneException(e);
    }
  }

  private <T> T await(Future<T> answer)
      throws ExecutionException, TimeoutException, InterruptedException {
    try {
      return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } finally {
      answer.cancel(false);
    }
  }

  private static Duration positive(String what, Duration value) {
    if (value.toMillis() < 1) {
      throw new IllegalArgumentException("%s(%s): a millisecond or more".formatted(what, value));
    }
    return value;
  }

  private final class Held implements HeldLock {

    private final String key;
    private final String value;
    private final long fence;

    Held(String key, String value, long fence) {
      this.key = key;
      this.value = value;
      this.fence = fence;
    }

    @Override
    public OptionalLong fence() {
      return OptionalLong.of(fence);
    }

    @Override
    public boolean renew() {
      try {
        return eval(RENEW, new String[] {key}, value, Long.toString(lease.toMillis())) == 1;
      } catch (GoneException e) {
        return false;
      }
    }

    @Override
    public void release() {
      try {
        eval(RELEASE, new String[] {key}, value);
      } catch (GoneException e) {
        // The lease ends by itself.
        return;
      }
    }
  }

  private static final class GoneException extends Exception {

    private static final long serialVersionUID = 1L;

    private final Throwable reason;

    GoneException(Throwable reason) {
      super(reason);
      this.reason = reason;
    }

    Throwable reason() {
      return reason;
    }
  }

  /** One connection, made once, and again when that failed; from then on Lettuce reconnects it. */
  private static final class Connecting {

    private final RedisClient client;
    private final RedisURI server;
    private @Nullable CompletableFuture<StatefulRedisConnection<String, String>> connection;

    Connecting(RedisClient client, RedisURI server) {
      this.client = client;
      this.server = server;
    }

    /** A copy, so that a caller that gives up does not end it for the others. */
    synchronized CompletableFuture<StatefulRedisConnection<String, String>> connection() {
      CompletableFuture<StatefulRedisConnection<String, String>> current = connection;
      if (current == null || current.isCompletedExceptionally()) {
        CompletionStage<StatefulRedisConnection<String, String>> made =
            client.connectAsync(StringCodec.UTF8, server);
        current = made.toCompletableFuture();
        connection = current;
      }
      return current.copy();
    }

    synchronized void close() {
      if (connection != null) {
        connection.thenAccept(StatefulRedisConnection::close);
      }
    }
  }
}
