package dev.outbox.benchmarks;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line; {@code docs/benchmarks/README.md} tells how to use it. */
@Command(
    name = "benchmarks",
    description = "Measures the relay beside what else brings an outbox to Kafka.",
    mixinStandardHelpOptions = true,
    subcommands = {
      AllCommand.class,
      DrainCommand.class,
      LatencyCommand.class,
      FootprintCommand.class,
      GrowthCommand.class,
      WriterCommand.class,
      InboxCommand.class,
      HttpCommand.class,
      CapacityCommand.class,
      ShardsCommand.class,
      InsideCommand.class
    })
public final class Benchmarks {

  private Benchmarks() {}

  /** One question by its name; the answer is printed and written to {@code docs/benchmarks/}. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Benchmarks());
  }
}
