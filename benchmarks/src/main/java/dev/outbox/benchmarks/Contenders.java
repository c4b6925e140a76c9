package dev.outbox.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options that say who takes part. */
final class Contenders {

  @Option(
      names = "--engines",
      split = ",",
      description = "engines of the relay (default: ${DEFAULT-VALUE})")
  private List<String> engines;

  @Option(
      names = "--deliveries",
      split = ",",
      description = "delivery modes of the relay (default: ${DEFAULT-VALUE})")
  private List<String> deliveries;

  @Option(
      names = "--java-options",
      description = "options of the relay's JVM (default: what suits each engine)")
  private Optional<String> javaOptions = Optional.empty();

  @Mixin private DebeziumServerOptions debeziumServer = new DebeziumServerOptions();

  /** Everybody, unless told otherwise. */
  Contenders() {
    this(List.of("pgoutput", "debezium"), List.of("at-least-once", "exactly-once"));
  }

  /** These ways to run the relay, unless told otherwise. */
  Contenders(List<String> engines, List<String> deliveries) {
    this.engines = engines;
    this.deliveries = deliveries;
  }

  List<Contender> all() {
    List<Contender> all = new ArrayList<>();
    for (String engine : engines) {
      for (String delivery : deliveries) {
        all.add(new Relay(engine, delivery, javaOptions));
      }
    }
    debeziumServer.contender().ifPresent(all::add);
    return all;
  }

  /** PostgreSQL's own client, when it is installed. */
  static Optional<ReceiveLogical> limit() {
    for (String directory : System.getenv().getOrDefault("PATH", "").split(":")) {
      Path program = Path.of(directory, "pg_recvlogical");
      if (Files.isExecutable(program)) {
        return Optional.of(new ReceiveLogical(program));
      }
    }
    return Optional.empty();
  }
}
