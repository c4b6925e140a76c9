package dev.outbox.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How fast is a backlog published, and what does that take? */
@Command(
    name = "drain",
    description = "A prepared backlog: seconds, events a second, memory, processor time.",
    mixinStandardHelpOptions = true)
final class DrainCommand implements Runnable {

  @Option(
      names = "--events",
      defaultValue = "1000000",
      description = "events of each backlog (default: ${DEFAULT-VALUE})")
  private int events;

  @Option(
      names = "--shapes",
      split = ",",
      defaultValue = "500x10,500x1,100x10,5000x10",
      description =
          "bytes of a payload x events of a transaction, for each backlog"
              + " (default: ${DEFAULT-VALUE})")
  private List<String> shapes = List.of();

  @Option(
      names = "--rounds",
      split = ",",
      defaultValue = "3,1",
      description =
          "how often each backlog, the last number for all that follow; the tables have the medians"
              + " (default: ${DEFAULT-VALUE})")
  private List<Integer> rounds = List.of();

  @Mixin private Contenders contenders = new Contenders();

  @Override
  public void run() {
    Report report =
        new Report(
            "drain",
            "Draining a backlog",
            "bash benchmarks/run drain --events %d --shapes %s --rounds %s"
                .formatted(
                    events,
                    String.join(",", shapes),
                    rounds.stream().map(String::valueOf).collect(Collectors.joining(","))));
    try (Stack stack = Stack.start()) {
      report.add(Machine.describe(stack));
      Drain drain = new Drain(stack, contenders.all(), Contenders.limit());
      var unused = drain.run(Workload.WARM_UP);
      for (int i = 0; i < shapes.size(); i++) {
        Workload backlog = backlog(shapes.get(i));
        int times = rounds.get(Math.min(i, rounds.size() - 1));
        add(report, shapes.get(i), backlog, times, drain.run(backlog, times));
      }
    }
    report.write();
  }

  private Workload backlog(String shape) {
    String[] numbers = shape.split("x");
    return new Workload(
        events,
        Integer.parseInt(numbers[0]),
        Integer.parseInt(numbers[1]),
        Workload.KEYS,
        Workload.PARTITIONS);
  }

  private static void add(
      Report report, String shape, Workload backlog, int times, List<Drain.Outcome> outcomes) {
    List<List<String>> rows = new ArrayList<>();
    for (Drain.Outcome outcome : outcomes) {
      rows.add(
          List.of(
              outcome.name(),
              "%.1f".formatted(outcome.seconds()),
              outcome.firstSeconds() == 0 ? "" : "%.1f".formatted(outcome.firstSeconds()),
              "%,.0f".formatted(outcome.steadyRate()),
              outcome.used().map(used -> String.valueOf(used.peakResidentMegabytes())).orElse(""),
              outcome
                  .used()
                  .map(
                      used ->
                          "%.1f"
                              .formatted(
                                  ProcessFigures.cpuSecondsPerMillion(
                                      used.cpu(), backlog.events())))
                  .orElse(""),
              String.valueOf(outcome.repeats()),
              outcome
                  .againstSeconds(DebeziumServer.NAME, outcomes)
                  .map("%.1f times"::formatted)
                  .orElse(""),
              outcome
                  .againstRate(ReceiveLogical.NAME, outcomes)
                  .map(share -> "%.0f %%".formatted(share * 100))
                  .orElse("")));
    }
    report.table(
        backlog.title() + (times == 1 ? "" : "; medians of " + times),
        List.of(
            "",
            "seconds from process start to last record",
            "to first record",
            "events/s in the second half",
            "resident MB",
            "CPU seconds per million",
            "repeats",
            "as fast as Debezium Server, by seconds",
            "of pg_recvlogical, by events/s"),
        rows);
    report.chart(
        shape,
        "events a second in the second half: " + backlog.title(),
        outcomes.stream().map(Drain.Outcome::name).toList(),
        outcomes.stream().map(Drain.Outcome::steadyRate).toList());
  }
}
