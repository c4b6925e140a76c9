package dev.outbox.benchmarks;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.TcpPorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * This project's relay, from its launcher. The launcher's shell becomes the relay's process; the
 * command that makes the slot has prepared what it prepares.
 *
 * @param engine value of {@code outbox.relay.engine}
 * @param delivery value of {@code outbox.relay.delivery}
 * @param shards value of {@code outbox.relay.shards}
 * @param javaOptions of its JVM, if they are not to be those that suit its engine
 */
record Relay(String engine, String delivery, int shards, Optional<String> javaOptions)
    implements Contender {

  private static final Path LAUNCHER = Path.of("deploy", "relay");

  /** What suffices each engine; docs/operations.md says the same. */
  private static final Map<String, String> JAVA_OPTIONS =
      Map.of("pgoutput", "-Xmx72m -XX:TieredStopAtLevel=1", "debezium", "-Xmx160m");

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Of an outbox that is not divided. */
  Relay(String engine, String delivery, Optional<String> javaOptions) {
    this(engine, delivery, 1, javaOptions);
  }

  @Override
  public String name() {
    return "relay, %s, %s".formatted(engine, delivery)
        + (shards == 1 ? "" : ", %d shards".formatted(shards));
  }

  private String id() {
    return "%s_%s".formatted(engine, delivery.replace('-', '_'))
        + (shards == 1 ? "" : "_in_" + shards);
  }

  /** The slots that it reads, each with a publication of the same name. */
  List<String> slots() {
    return shards == 1
        ? List.of(id())
        : IntStream.rangeClosed(1, shards)
            .mapToObj(index -> "%s_%dof%d".formatted(id(), index, shards))
            .toList();
  }

  @Override
  public String topic() {
    return "bench." + id() + ".Order";
  }

  @Override
  public void prepare(Stack stack) {
    try (ChildProcess init = process(stack, "init")) {
      if (init.awaitExit(PATIENCE) != 0) {
        throw new BenchmarkException("init fails:\n" + init.output());
      }
    }
  }

  @Override
  public ChildProcess start(Stack stack) {
    return process(stack);
  }

  private ChildProcess process(Stack stack, String... command) {
    List<String> program = new ArrayList<>(List.of("bash", LAUNCHER.toString()));
    program.addAll(List.of(command));
    program.addAll(
        List.of(
            "--server.port=" + TcpPorts.free(),
            "--outbox.relay.name=" + id(),
            "--outbox.relay.slot=" + id(),
            "--outbox.relay.publication=" + id(),
            "--outbox.relay.database.url=" + stack.database().jdbcUrl(),
            "--outbox.relay.database.username=" + stack.database().username(),
            "--outbox.relay.database.password=" + stack.database().password(),
            "--outbox.relay.kafka.bootstrap-servers=" + stack.brokers(),
            "--outbox.relay.shards=" + shards,
            "--outbox.relay.engine=" + engine,
            "--outbox.relay.delivery=" + delivery,
            "--outbox.relay.retention=0",
            "--outbox.relay.topic-template=bench." + id() + ".{aggregatetype}"));
    try {
      return ChildProcess.start(
          program,
          Map.of("RELAY_JAVA_OPTIONS", javaOptions.orElse(JAVA_OPTIONS.get(engine))),
          "TERM",
          Files.createTempFile("bench-relay", ".log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
