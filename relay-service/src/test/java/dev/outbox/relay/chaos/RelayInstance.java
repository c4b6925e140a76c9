package dev.outbox.relay.chaos;

import dev.outbox.local.FaultProxy;
import dev.outbox.relay.support.RelayProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * One of the relays, the same over restarts, with proxies of its own before both servers. One
 * thread at a time does something to the process.
 */
final class RelayInstance implements AutoCloseable {

  private static final Duration GRACE = Duration.ofSeconds(15);
  private static final List<String> JVM = List.of("-Xmx256m", "-XX:+ExitOnOutOfMemoryError");

  private final String name;
  private final FaultProxy database;
  private final FaultProxy kafka;
  private final Map<String, String> properties;
  private final Path log;
  private volatile RelayProcess process;

  RelayInstance(
      String name,
      FaultProxy database,
      FaultProxy kafka,
      Map<String, String> properties,
      Path log) {
    this.name = name;
    this.database = database;
    this.kafka = kafka;
    this.properties = properties;
    this.log = log;
    this.process = RelayProcess.start(log, properties, JVM);
  }

  String name() {
    return name;
  }

  /** Before PostgreSQL. */
  FaultProxy database() {
    return database;
  }

  /** Before Kafka. */
  FaultProxy kafka() {
    return kafka;
  }

  /** The output of all its processes. */
  Path log() {
    return log;
  }

  /** Begins a new process in place of one that has ended. */
  void start() {
    process = RelayProcess.start(log, properties, JVM);
  }

  void kill() {
    requireAlive();
    process.process().sigkill();
  }

  /**
   * Asks the process to end, as a platform does: after a grace period it is killed.
   *
   * @return whether it has ended by itself
   */
  boolean stop() {
    requireAlive();
    process.process().sendSignal("TERM");
    boolean ended = process.process().endedWithin(GRACE);
    process.close();
    return ended;
  }

  void signal(String signal) {
    requireAlive();
    process.process().sendSignal(signal);
  }

  /** A relay waits for whatever is away; it ends only when it is told to. */
  void requireAlive() {
    if (!process.process().isAlive()) {
      throw new ChaosViolation(
          "relay %s has ended by itself with exit code %d"
              .formatted(name, process.process().exitCode().orElseThrow()));
    }
  }

  boolean isLeading() {
    return health().contains("\"state\":\"Leading\"");
  }

  /** What it says about itself; empty while it says nothing. */
  String health() {
    return process.get("/actuator/health");
  }

  @Override
  public void close() {
    process.close();
    database.close();
    kafka.close();
  }
}
