package dev.outbox.local;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
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
public final class LocalRedis implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final int port = TcpPorts.free();
  private final Path output = temporaryFile();
  private ChildProcess process = launch();

  /** Gives a server that answers. */
  public static LocalRedis started() {
    return new LocalRedis();
  }

  public int port() {
    return port;
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
    try (Socket socket = new Socket("localhost", port)) {
      socket.getOutputStream().write("FLUSHALL\r\n".getBytes(US_ASCII));
      byte[] answer = socket.getInputStream().readNBytes(3);
      if (!new String(answer, US_ASCII).equals("+OK")) {
        throw new LocalStackException("Redis did not forget: " + new String(answer, US_ASCII));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Redis does not answer on port " + port, e);
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
