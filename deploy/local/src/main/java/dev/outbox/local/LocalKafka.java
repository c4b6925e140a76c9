package dev.outbox.local;

import dev.outbox.local.tls.Identity;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.jspecify.annotations.Nullable;

/**
 * A Kafka broker of this machine, a single node in KRaft mode unless joined to another, in a
 * process of its own (which can be killed) or inside this JVM.
 */
public final class LocalKafka implements KafkaServer {

  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final DataDirectory directory;
  private final KafkaSettings settings;
  private final int restrictedPort;
  private final Map<String, Integer> encrypted = new LinkedHashMap<>();
  private final Broker broker;
  private volatile int port;

  private LocalKafka(Builder builder) {
    this.directory = builder.directory("outbox-kafka-");
    this.port = builder.port();
    this.settings =
        builder.first == null
            ? KafkaSettings.single(directory.path(), port)
            : KafkaSettings.joining(builder.first.settings, directory.path(), port);
    this.restrictedPort = builder.accessLists ? TcpPorts.free() : 0;
    builder.configure(settings, restrictedPort);
    builder.listeners.forEach(this::listen);
    builder.settings.forEach(settings::set);
    this.broker =
        builder.inProcess
            ? new BrokerInThisJvm(settings)
            : new BrokerInOwnProcess(settings, builder.jvmArguments, logFile());
  }

  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String bootstrapServers() {
    return "localhost:" + port;
  }

  /**
   * Gives the broker another address, from its next start on; the old one is nobody's then. Those
   * of a proxy and of clients with access lists stay.
   *
   * @throws IllegalStateException while it runs
   */
  public void moveTo(int newPort) {
    if (broker.isRunning()) {
      throw new IllegalStateException(
          "Kafka runs on port %d and cannot move to %d: stop it first".formatted(port, newPort));
    }
    settings.moveTo(newPort);
    port = newPort;
  }

  /**
   * What clients of {@link AccessLists#bootstrapServers()} may do.
   *
   * @throws IllegalStateException if the broker was not built with {@link Builder#accessLists}
   */
  public AccessLists accessLists() {
    if (restrictedPort == 0) {
      throw new IllegalStateException("This broker has no access lists: build it with them");
    }
    return new AccessLists(this, "localhost:" + restrictedPort);
  }

  private void listen(TlsListener listener) {
    int own = TcpPorts.free();
    encrypted.put(listener.name(), own);
    settings.listen(listener, own);
  }

  /**
   * The value for {@code bootstrap.servers} of clients that come by TLS.
   *
   * @param listener the name of a {@link TlsListener} that the broker was built with
   */
  public String bootstrapServers(String listener) {
    Integer port = encrypted.get(listener);
    if (port == null) {
      throw new IllegalArgumentException("This broker has no listener " + listener);
    }
    return "localhost:" + port;
  }

  /** Presents another certificate to whoever connects from now on; connections there are stay. */
  public void present(String listener, Identity other) {
    Path file =
        other.writeAll(directory.resolve(listener + "-" + System.nanoTime() + TlsListener.PEM));
    AlterConfigOp change =
        new AlterConfigOp(
            new ConfigEntry(TlsListener.keyStore(listener), file.toString()),
            AlterConfigOp.OpType.SET);
    ConfigResource self = new ConfigResource(ConfigResource.Type.BROKER, settings.nodeId());
    Administration.run(
        this,
        "present another certificate",
        admin -> admin.incrementalAlterConfigs(Map.of(self, List.of(change))).all());
    // The controller answers before the broker has heard of it.
    Waiting.until(
        "another certificate",
        PATIENCE,
        broker::endedWithin,
        () -> Readiness.presents(bootstrapServers(listener), other.certificate()));
  }

  /** Who may log in by password at listeners made {@link TlsListener#forPasswords}. */
  public Accounts accounts() {
    return new Accounts(this);
  }

  /**
   * What a client may do, if the broker was built with {@link Builder#grants}.
   *
   * @param user the name of an account; of a certificate its distinguished name, {@code CN=…}
   */
  public Grants grants(String user) {
    return new Grants(this, new KafkaPrincipal(KafkaPrincipal.USER_TYPE, user));
  }

  /** The file with the output of a broker in its own process. */
  public Path logFile() {
    return directory.resolve("kafka.log");
  }

  @Override
  public void start() {
    if (broker.isRunning()) {
      return;
    }
    settings.formatStorage();
    try {
      broker.start();
      Waiting.until(
          "Kafka on port " + port, PATIENCE, broker::endedWithin, () -> Readiness.serves(this));
    } catch (LocalStackException e) {
      String words = broker.lastWords();
      broker.stop();
      throw new LocalStackException(
          "Kafka does not start in %s: %s. %s".formatted(directory, e.getMessage(), words), e);
    }
  }

  @Override
  public void stop() {
    broker.stop();
  }

  @Override
  public void kill() {
    broker.kill();
  }

  @Override
  public void close() {
    if (directory.temporary()) {
      // There is nothing to save.
      broker.discard();
    } else {
      broker.stop();
    }
    directory.deleteIfTemporary();
  }

  /** What kind of broker; see {@link ServerBuilder} too. */
  public static final class Builder extends ServerBuilder<LocalKafka, Builder> {

    private boolean inProcess;
    private boolean accessLists;
    private final List<TlsListener> listeners = new ArrayList<>();
    private @Nullable LocalKafka first;
    private final List<FaultProxy> proxies = new ArrayList<>();
    private final List<String> jvmArguments = new ArrayList<>(KafkaSettings.HEAP);

    private Builder() {}

    /** Runs the broker inside this JVM; {@link LocalKafka#kill} is not possible then. */
    public Builder inProcess() {
      inProcess = true;
      return this;
    }

    /** Runs the broker in a Java process of its own, with this JVM's class path: the default. */
    public Builder ownProcess() {
      inProcess = false;
      return this;
    }

    /** Arguments for the JVM of {@link #ownProcess()}, after the default {@code -Xmx512m}. */
    public Builder jvmArguments(String... more) {
      jvmArguments.addAll(List.of(more));
      return this;
    }

    /**
     * Lets the broker serve the clients of this proxy too, and tells them to stay with it. Clients
     * of {@link LocalKafka#bootstrapServers()} go past it. Called again it adds another proxy,
     * whose clients stay with that one.
     */
    public Builder behind(FaultProxy proxy) {
      proxies.add(proxy);
      return this;
    }

    /**
     * Adds {@link LocalKafka#accessLists()}. Clients of {@link LocalKafka#bootstrapServers()} may
     * do everything all the same.
     */
    public Builder accessLists() {
      accessLists = true;
      return this;
    }

    /** Lets the broker be reached by TLS too, at {@link LocalKafka#bootstrapServers(String)}. */
    public Builder listener(TlsListener listener) {
      listeners.add(listener);
      return this;
    }

    /**
     * Clients who say who they are may do only what {@link LocalKafka#grants} gives them. Those who
     * do not, such as all of {@link LocalKafka#bootstrapServers()}, may do everything.
     */
    public Builder grants() {
      Grants.SETTINGS.forEach(this::setting);
      return this;
    }

    /**
     * Makes this the second broker of a cluster, for topics with two replicas. The first one has
     * been started before, and stays the only controller.
     */
    public Builder joining(LocalKafka cluster) {
      first = cluster;
      return this;
    }

    private void configure(KafkaSettings target, int restrictedPort) {
      for (FaultProxy proxy : proxies) {
        target.listen(KafkaSettings.PROXIED + proxy.port(), proxy.targetPort(), proxy.port());
      }
      if (accessLists) {
        target.listen(KafkaSettings.RESTRICTED, restrictedPort, restrictedPort);
        AccessLists.SETTINGS.forEach(target::set);
      }
    }

    @Override
    public LocalKafka build() {
      return new LocalKafka(this);
    }

    @Override
    Builder self() {
      return this;
    }
  }
}
