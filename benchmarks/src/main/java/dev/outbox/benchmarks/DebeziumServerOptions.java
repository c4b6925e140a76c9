package dev.outbox.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options that let Debezium Server take part. */
final class DebeziumServerOptions {

  private static final String HOME = "--debezium-server";
  private static final String JAVA = "--java";

  @Option(
      names = HOME,
      description = "directory of an unpacked distribution of Debezium Server; left out without it")
  private Optional<Path> home = Optional.empty();

  @Option(
      names = JAVA,
      description = "program 'java' for Debezium Server, 21 or newer (default: the present one)")
  private Path java = Path.of(System.getProperty("java.home"), "bin", "java");

  Optional<DebeziumServer> contender() {
    return home.map(directory -> new DebeziumServer(directory, java));
  }

  /** The same once more, for another command. */
  List<String> arguments() {
    return home.map(directory -> List.of(HOME, "" + directory, JAVA, "" + java)).orElse(List.of());
  }
}
