package dev.outbox.local;

import dev.outbox.local.tls.CertificateAuthority;
import dev.outbox.local.tls.Identity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server as processes of this machine, made for logical replication and with {@code
 * fsync} on. Root may start it too; see {@code docs/decisions/0002-local-stack.md}.
 */
public final class LocalPostgres implements PostgresServer {

  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final int version;
  private final Map<String, String> settings;
  private final PostgresBinaries binaries;
  private final ServerAccount account = ServerAccount.ofThisProcess();
  private final DataDirectory directory;
  private final Path data;
  private final int port;
  private final @Nullable PostgresEncryption encryption;
  private @Nullable ChildProcess server;

  private LocalPostgres(Builder builder) {
    this.version = builder.version;
    this.encryption = builder.encryption();
    if (encryption != null) {
      encryption.settings().forEach(builder::setting);
    }
    this.settings = Map.copyOf(builder.settings);
    this.binaries = PostgresBinaries.ofVersion(version);
    this.directory = builder.directory("outbox-postgres-");
    this.data = directory.resolve("data");
    this.port = builder.port();
  }

  public static Builder builder() {
    return new Builder();
  }

  @Override
  public int port() {
    return port;
  }

  /** The major version. */
  public int version() {
    return version;
  }

  /** A streaming replica of this server, which must run when the replica starts first. */
  public PostgresReplica.Builder replica() {
    return new PostgresReplica.Builder(this);
  }

  /** The data directory itself. */
  Path data() {
    return data;
  }

  Map<String, String> settings() {
    return settings;
  }

  /** The file with the server's own log. */
  public Path logFile() {
    return directory.resolve("postgres.log");
  }

  @Override
  public void start() {
    if (server != null && server.isAlive()) {
      return;
    }
    if (!hasData()) {
      initialise();
    }
    if (encryption != null) {
      encryption.write(data, username());
    }
    account.own(directory.path());
    ChildProcess started = ChildProcess.start(serverCommand(), Map.of(), "INT", logFile());
    server = started;
    try {
      Waiting.until(
          "PostgreSQL on port " + port,
          PATIENCE,
          started::endedWithin,
          () -> Readiness.accepts(this));
    } catch (LocalStackException e) {
      String words = started.outputForMessage();
      kill();
      throw new LocalStackException(
          "PostgreSQL %d does not start in %s. %s".formatted(version(), directory, words), e);
    }
  }

  /**
   * Presents another certificate to whoever connects from now on; connections that there are stay.
   *
   * @throws IllegalStateException if the server was not built with {@link Builder#tls}
   */
  public void present(Identity other) {
    if (encryption == null) {
      throw new IllegalStateException("This server knows no TLS: build it with a certificate");
    }
    encryption.present(other);
    encryption.write(data, username());
    account.own(directory.path());
    String before = ask("select pg_conf_load_time() from pg_reload_conf()");
    Waiting.until(
        "another certificate",
        PATIENCE,
        Waiting::pause,
        () -> !ask("select pg_conf_load_time()").equals(before));
  }

  private String ask(String question) {
    try (Connection connection = connect("postgres");
        Statement statement = connection.createStatement();
        ResultSet answer = statement.executeQuery(question)) {
      return answer.next() ? answer.getString(1) : "";
    } catch (SQLException e) {
      throw new LocalStackException("PostgreSQL does not answer: " + question, e);
    }
  }

  @Override
  public void stop() {
    if (server != null) {
      server.terminate();
      server = null;
    }
  }

  /**
   * Stops the server in mode immediate: all its processes end at once, without a checkpoint, and
   * the next start recovers. Does nothing when it is stopped.
   */
  public void stopImmediately() {
    if (server != null) {
      server.sendSignal("QUIT");
      server.awaitExit(PATIENCE);
      server = null;
    }
  }

  @Override
  public void kill() {
    if (server != null) {
      server.sigkill();
      server = null;
    }
  }

  @Override
  public void close() {
    if (directory.temporary()) {
      // There is nothing to save.
      kill();
    } else {
      stop();
    }
    directory.deleteIfTemporary();
  }

  boolean hasData() {
    return Files.exists(data.resolve("PG_VERSION"));
  }

  private void initialise() {
    Path passwordFile = directory.resolve("password");
    try {
      Files.writeString(passwordFile, password());
      account.own(directory.path());
      List<String> command =
          new ArrayList<>(
              List.of(
                  binaries.program("initdb"),
                  "--pgdata=" + data,
                  "--username=" + username(),
                  "--pwfile=" + passwordFile,
                  "--auth=scram-sha-256",
                  "--no-sync"));
      command.addAll(PostgresSettings.INITDB);
      command.addAll(PostgresSettings.cheapPasswords(version));
      ChildProcess initdb =
          ChildProcess.start(
              account.command(command), Map.of(), "INT", directory.resolve("initdb.log"));
      if (initdb.awaitExit(PATIENCE) != 0) {
        throw new LocalStackException(
            "PostgreSQL %d cannot make its data directory %s. %s"
                .formatted(version(), data, initdb.outputForMessage()));
      }
      initdb.close();
      Files.delete(passwordFile);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + passwordFile, e);
    }
  }

  private List<String> serverCommand() {
    List<String> command = new ArrayList<>(List.of(binaries.program("postgres"), "-D", "" + data));
    settings.forEach((name, value) -> command.addAll(List.of("-c", name + "=" + value)));
    command.addAll(List.of("-p", "" + port));
    return account.command(command);
  }

  /** What kind of server; see {@link ServerBuilder} too. */
  public static final class Builder extends ServerBuilder<LocalPostgres, Builder> {

    private int version = versionFromSystemProperty();
    private @Nullable Identity certificate;
    private @Nullable CertificateAuthority clients;

    private Builder() {
      setting("listen_addresses", "localhost");
      // None: clients come by TCP, and the path of a socket may be no longer than 107 characters.
      setting("unix_socket_directories", "");
      PostgresSettings.SHARED.forEach(this::setting);
    }

    /** The major version, 15 to 18; 18, or system property {@code outbox.postgres.version}. */
    public Builder version(int major) {
      version = supported("version", major);
      return this;
    }

    /**
     * Lets nobody in without TLS but the superuser and members of the role {@code unencrypted}, if
     * there is one, and presents this certificate.
     */
    public Builder tls(Identity server) {
      certificate = server;
      return this;
    }

    /** The same, and asks the others for a certificate that this authority signed. */
    public Builder mutualTls(Identity server, CertificateAuthority authority) {
      clients = authority;
      return tls(server);
    }

    private @Nullable PostgresEncryption encryption() {
      return certificate == null ? null : new PostgresEncryption(certificate, clients);
    }

    @Override
    public LocalPostgres build() {
      return new LocalPostgres(this);
    }

    @Override
    Builder self() {
      return this;
    }

    private static int versionFromSystemProperty() {
      return supported(
          "System property outbox.postgres.version",
          Integer.getInteger("outbox.postgres.version", PostgresBinaries.NEWEST));
    }

    private static int supported(String name, int version) {
      if (version < PostgresBinaries.OLDEST || version > PostgresBinaries.NEWEST) {
        throw new IllegalArgumentException(
            "%s = %d is not a PostgreSQL version from %d to %d: choose one of them"
                .formatted(name, version, PostgresBinaries.OLDEST, PostgresBinaries.NEWEST));
      }
      return version;
    }
  }
}
