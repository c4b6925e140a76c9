package dev.outbox.idempotency;

import dev.outbox.local.ChildProcess;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import redis.embedded.core.ExecutableProvider;

/**
 * A real Redis server of a test, in memory only, as a process that can be stopped, killed and
 * emptied. It keeps its port. Its program comes from a Maven artifact, for Linux and macOS.
 */
public final class RedisServer implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final int port = freePort();
  private final Path output = temporaryFile();
  private ChildProcess process = launch();

  /** Gives a server that answers. */
  public static RedisServer started() {
    return new RedisServer();
  }

  public RedisURI uri() {
    return RedisURI.create("localhost", port);
  }

  /** Halts it (SIGSTOP): connections stay, and nothing is answered. */
  public void pause() {
    process.sendSignal("STOP");
  }

  /** Ends a {@link #pause}. */
  public void resume() {
    process.sendSignal("CONT");
  }

  /** Kills it (SIGKILL): what it knew is lost. */
  public void kill() {
    process.sigkill();
  }

  /** Starts it again after a {@link #kill}, empty, at the same port. */
  public void start() {
    process = launch();
  }

  /** Forgets everything (FLUSHALL). */
  public void empty() {
    RedisClient client = RedisClient.create(uri());
    try (StatefulRedisConnection<String, String> connection = client.connect()) {
      connection.sync().flushall();
    } finally {
      client.shutdown(Duration.ZERO, PATIENCE);
    }
  }

  @Override
  public void close() {
    process.sigkill();
  }

  private ChildProcess launch() {
    ChildProcess launched =
        ChildProcess.start(
            List.of(Program.PATH, "--port", "" + port, "--save", "", "--bind", "127.0.0.1", "::1"),
            Map.of(),
            "TERM",
            output);
    launched.awaitOutput("Ready to accept connections", PATIENCE);
    return launched;
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("This machine has no free port", e);
    }
  }

  private static Path temporaryFile() {
    try {
      Path file = Files.createTempFile("redis-", ".log");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot make a temporary file for the output", e);
    }
  }

  /** Unpacked once for all servers of a JVM. */
  private static final class Program {

    static final String PATH = unpack();

    private static String unpack() {
      try {
        File program = ExecutableProvider.newJarResourceProvider().get();
        program.deleteOnExit();
        return program.getAbsolutePath();
      } catch (IOException e) {
        throw new UncheckedIOException("The program of Redis cannot be unpacked", e);
      }
    }
  }
}
