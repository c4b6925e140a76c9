package dev.outbox.idempotency.http.redis;

import dev.outbox.idempotency.http.IdempotencyStoreException;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One connection that runs scripts. It is made in the background, and again when that failed; from
 * then on Lettuce reconnects it.
 */
final class Scripting implements AutoCloseable {

  private final String server;
  private final Supplier<CompletionStage<StatefulRedisConnection<byte[], byte[]>>> connect;
  private @Nullable CompletableFuture<StatefulRedisConnection<byte[], byte[]>> connection;

  private Scripting(
      String server, Supplier<CompletionStage<StatefulRedisConnection<byte[], byte[]>>> connect) {
    this.server = server;
    this.connect = connect;
  }

  /** At this server; it is named without its password, which Lettuce masks. */
  static Scripting at(RedisClient client, RedisURI server) {
    return new Scripting(
        server.toString(), () -> client.connectAsync(ByteArrayCodec.INSTANCE, server));
  }

  /** At the server that the client was made for, which Lettuce connects to only by waiting. */
  static Scripting at(RedisClient client) {
    return new Scripting(
        "the client's server",
        () ->
            CompletableFuture.supplyAsync(
                () -> client.connect(ByteArrayCodec.INSTANCE), Scripting::inThreadOfItsOwn));
  }

  private static void inThreadOfItsOwn(Runnable connecting) {
    Thread thread = new Thread(connecting, "idempotency-redis-connect");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Run a script on one key and wait for its reply.
   *
   * @param what for the error
   * @throws IdempotencyStoreException when there is no reply, or an error
   */
  <T> T run(
      String what,
      String script,
      ScriptOutputType type,
      byte[] key,
      Duration timeout,
      byte[]... arguments) {
    try {
      StatefulRedisConnection<byte[], byte[]> open = await(connection(), timeout);
      if (!open.isOpen()) {
        // Lettuce would keep the command and send it to the next server, long after the timeout.
        throw new RedisException("The connection is lost and not yet back");
      }
      return await(
          open.async().<T>eval(script, type, new byte[][] {key}, arguments).toCompletableFuture(),
          timeout);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw failed(what, "is away or refused, as the cause says", cause != null ? cause : e);
    } catch (RedisException e) {
      throw failed(what, "is away or refused, as the cause says", e);
    } catch (TimeoutException e) {
      throw failed(
          what,
          ("gave no answer within %s; if it is well, lengthen the timeout"
                  + " (with Spring: outbox.idempotency.redis.timeout)")
              .formatted(timeout),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(what, "was waited for, and the thread was interrupted", e);
    }
  }

  /** A copy, so that a caller that gives up does not end it for the others. */
  synchronized CompletableFuture<StatefulRedisConnection<byte[], byte[]>> connection() {
    CompletableFuture<StatefulRedisConnection<byte[], byte[]>> current = connection;
    if (current == null || current.isCompletedExceptionally()) {
      current = connect.get().toCompletableFuture();
      connection = current;
    }
    return current.copy();
  }

  @Override
  public synchronized void close() {
    if (connection != null) {
      connection.thenAccept(StatefulRedisConnection::close);
      connection = null;
    }
  }

  private IdempotencyStoreException failed(String what, String how, Throwable cause) {
    return new IdempotencyStoreException(
        "To %s an idempotency key: Redis (%s) %s.".formatted(what, server, how), cause);
  }

  private static <T> T await(Future<T> answer, Duration timeout)
      throws ExecutionException, TimeoutException, InterruptedException {
    try {
      return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } finally {
      answer.cancel(false);
    }
  }
}
