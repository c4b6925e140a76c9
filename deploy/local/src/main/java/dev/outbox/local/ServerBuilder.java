package dev.outbox.local;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What every server of this machine can be told.
 *
 * @param <S> the server
 * @param <B> the builder itself
 */
public abstract sealed class ServerBuilder<
        S extends RestartableServer, B extends ServerBuilder<S, B>>
    permits LocalPostgres.Builder, PostgresReplica.Builder, LocalKafka.Builder {

  final Map<String, String> settings = new LinkedHashMap<>();
  private @Nullable Path dataDirectory;
  private int port;

  ServerBuilder() {}

  /** Where data and log lie; they stay there after the server. Temporary when not called. */
  public final B dataDirectory(Path directory) {
    dataDirectory = directory;
    return self();
  }

  /** The port; a free one when not called. */
  public final B port(int number) {
    port = number;
    return self();
  }

  /** A setting as in the server's own configuration file, in place of the default. */
  public final B setting(String name, String value) {
    settings.put(name, value);
    return self();
  }

  /** The server, not yet started. */
  public abstract S build();

  /**
   * The server, started.
   *
   * @throws LocalStackException if it does not start; nothing is left of it then
   */
  public final S start() {
    S server = build();
    try {
      server.start();
      return server;
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
  }

  abstract B self();

  /** Takes over where another one's data lie and its port. */
  final B inPlaceOf(ServerBuilder<?, ?> other) {
    dataDirectory = other.dataDirectory;
    port = other.port;
    return self();
  }

  DataDirectory directory(String temporaryPrefix) {
    return DataDirectory.of(dataDirectory, temporaryPrefix);
  }

  int port() {
    return port == 0 ? TcpPorts.free() : port;
  }
}
