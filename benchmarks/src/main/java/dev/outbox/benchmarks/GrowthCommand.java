package dev.outbox.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Does the relay stay as fast and as small when there is more of something? */
@Command(
    name = "growth",
    description = "Speed and memory with larger backlogs, more aggregates, more partitions.",
    mixinStandardHelpOptions = true)
final class GrowthCommand implements Runnable {

  private static final int PAYLOAD_BYTES = 500;
  private static final int PER_TRANSACTION = 10;
  private static final List<Integer> AGGREGATES = List.of(1, 10, 100_000);
  private static final List<Integer> PARTITIONS = List.of(1, 8, 64);

  @Option(
      names = "--events",
      defaultValue = "1000000",
      description =
          "events of each backlog but one, which has ten times as many"
              + " (default: ${DEFAULT-VALUE})")
  private int events;

  @Mixin
  private Contenders contenders = new Contenders(List.of("pgoutput"), List.of("at-least-once"));

  @Override
  public void run() {
    Report report =
        new Report(
            "growth",
            "When there is more of something",
            "bash benchmarks/run growth --events " + events);
    try (Stack stack = Stack.start()) {
      report.add(Machine.describe(stack));
      Drain drain = new Drain(stack, contenders.all(), Optional.empty());
      var unused = drain.run(Workload.WARM_UP);
      grow(
          report,
          drain,
          "events",
          List.of(events, Math.multiplyExact(events, 10)),
          number -> backlog(number, Workload.KEYS, Workload.PARTITIONS));
      grow(
          report,
          drain,
          "aggregates",
          AGGREGATES,
          number -> backlog(events, number, Workload.PARTITIONS));
      grow(
          report,
          drain,
          "partitions",
          PARTITIONS,
          number -> backlog(events, Workload.KEYS, number));
    }
    report.write();
  }

  private static Workload backlog(int events, int keys, int partitions) {
    return new Workload(events, PAYLOAD_BYTES, PER_TRANSACTION, keys, partitions);
  }

  private static void grow(
      Report report,
      Drain drain,
      String what,
      List<Integer> numbers,
      IntFunction<Workload> backlog) {
    List<List<String>> rows = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    List<Double> rates = new ArrayList<>();
    for (int number : numbers) {
      for (Drain.Outcome outcome : drain.run(backlog.apply(number))) {
        String label = "%s; %s: %,d".formatted(outcome.name(), what, number);
        labels.add(label);
        rates.add(outcome.steadyRate());
        rows.add(
            List.of(
                label,
                "%,.0f".formatted(outcome.steadyRate()),
                outcome
                    .used()
                    .map(used -> String.valueOf(used.peakResidentMegabytes()))
                    .orElse("")));
      }
    }
    String title = "More " + what;
    report.table(title, List.of("", "events/s in the second half", "resident MB, peak"), rows);
    report.chart(what, title + ": events a second in the second half", labels, rates);
  }
}
