package dev.outbox.benchmarks;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** All questions, one after the other. */
@Command(
    name = "all",
    description = "Asks all questions that need servers; takes some hours.",
    mixinStandardHelpOptions = true)
final class AllCommand implements Runnable {

  @Option(
      names = "--quick",
      description = "tiny sizes, to see that everything runs; its figures say nothing")
  private boolean quick;

  @Mixin private DebeziumServerOptions debeziumServer = new DebeziumServerOptions();

  /**
   * One of the questions.
   *
   * @param contenders whether Debezium Server may take part
   * @param tiny options that make it tiny
   */
  record Question(String name, boolean contenders, List<String> tiny) {

    /** The command line that asks it. */
    String[] arguments(List<String> debeziumServer, boolean quick) {
      List<String> arguments = new ArrayList<>(List.of(name));
      if (contenders) {
        arguments.addAll(debeziumServer);
      }
      if (quick) {
        arguments.addAll(tiny);
      }
      return arguments.toArray(String[]::new);
    }
  }

  static final List<Question> QUESTIONS =
      List.of(
          question("drain", true, "--events", "20000", "--shapes", "500x10", "--rounds", "1"),
          question("latency", true, "--rates", "100", "--seconds", "2"),
          question("footprint", true, "--events", "20000", "--rate", "100", "--seconds", "2"),
          question("growth", false, "--events", "10000"),
          question("writer", false, "--rounds", "1", "--slice-seconds", "0.2"),
          question("inbox", false, "--markers", "10000", "--rounds", "1"),
          question("http", false, "--records", "10000", "--rounds", "1", "--slice-seconds", "0.2"),
          question("capacity", false, "--rounds", "1", "--slice-seconds", "0.2"),
          question("shards", false, "--events", "20000"));

  private static Question question(String name, boolean contenders, String... tiny) {
    return new Question(name, contenders, List.of(tiny));
  }

  @Override
  public void run() {
    for (Question question : QUESTIONS) {
      System.out.println("\n" + question.name() + "\n");
      String[] arguments = question.arguments(debeziumServer.arguments(), quick);
      if (Benchmarks.commandLine().execute(arguments) != 0) {
        throw new BenchmarkException(
            "The question '%s' could not be answered; those behind it were not asked."
                .formatted(question.name()));
      }
    }
  }
}
